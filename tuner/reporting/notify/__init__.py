"""Notifications to people, and metrics for CloudWatch, when a run has ended."""
