"""The customization job: started once, watched, and summed up."""
