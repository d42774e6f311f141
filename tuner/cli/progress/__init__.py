"""Follows a run in a terminal: its steps, training, cost so far and outcome."""
