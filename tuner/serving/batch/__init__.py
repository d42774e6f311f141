"""Asks contestants in batch jobs, before the tuned model is paid for."""
