"""Measures on simulated comparisons with a known truth how far the verdict can be believed: `make calibration`."""
