"""Patches of authorization: signatures, permissions, resource ARNs, condition keys and denial messages."""
