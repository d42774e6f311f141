"""Asks people about answers: which questions, on which sheet, and what their scores change."""
