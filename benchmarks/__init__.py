"""Benchmarks: `make bench NAME=scoring`. Each compares implementations in one run, and prints a line per figure."""
