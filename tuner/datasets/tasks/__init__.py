"""Recognises the task of a dataset (answers, labels or JSON objects), and checks its answers by that task."""
