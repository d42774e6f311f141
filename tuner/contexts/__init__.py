"""Chooses what the prompts of some contestants have beside the question: training examples, and passages."""
