"""Customization jobs: service role, data, hyperparameters, training and output."""
