"""Measurements, side by side in one run: `make bench NAME=scoring`. Each prints one line per figure, with its goal."""
