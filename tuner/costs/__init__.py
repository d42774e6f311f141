"""Estimates the cost of a run from its settings, its dataset and AWS's prices."""
