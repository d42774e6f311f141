"""Asks contestants and judges in batch jobs, while nothing is paid by the hour."""
