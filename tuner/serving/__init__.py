"""Serves the tuned model while it answers the evaluation questions: purchase, inference, release."""
