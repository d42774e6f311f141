"""Generates the tables of the documentation from the code, and wraps the hand-written pages."""
