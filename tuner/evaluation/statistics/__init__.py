"""Compares the scores of two models on the same questions."""
