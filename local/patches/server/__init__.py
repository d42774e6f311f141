"""Patches of the server itself: the services that this project provides, and connection handling."""
