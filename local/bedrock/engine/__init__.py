"""Inference: a process with the networks, and its client in the server."""
