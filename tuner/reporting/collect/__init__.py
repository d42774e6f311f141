"""Collects the artifacts of a run into its report."""
