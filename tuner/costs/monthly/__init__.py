"""Computes what a month of service costs: of each contestant, by the number of requests."""
