"""Scores by a judge model and by people."""
