"""Adapters for the table of state that several runs share."""
