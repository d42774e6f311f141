"""Trains the model with a customization job: starts or adopts it, checks it, and summarizes its metrics."""
