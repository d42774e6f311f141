"""Patches of Step Functions: retry delays, task tokens and stopped executions."""
