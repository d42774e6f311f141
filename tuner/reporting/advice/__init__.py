"""Derives from a report what to do next, and how the tuned model is called."""
