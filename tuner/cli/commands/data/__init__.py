"""`tuner data`: commands on datasets that cost nothing to AWS, except `generate`, which asks a model."""
