"""Adapters to the two buckets: datasets, and the artifacts of runs."""
