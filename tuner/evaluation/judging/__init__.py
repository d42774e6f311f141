"""Scores that a judge model or people give."""
