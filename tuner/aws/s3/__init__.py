"""Adapters to the two buckets of a deployment: the datasets, and the artifacts of runs."""
