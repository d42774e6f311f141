"""From files in the data bucket to a run: wait until the folder rests, pin what is there, settle what is asked for."""
