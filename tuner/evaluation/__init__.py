"""Scores the answers of the contestants with metrics, and decides whether the tuned model is better."""
