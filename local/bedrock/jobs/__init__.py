"""A customization job's life: role, data, hyperparameters, training, output."""
