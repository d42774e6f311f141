"""What a run costs, before it costs anything."""
