"""Chooses the training examples and the passages that are added to the prompts of some contestants."""
