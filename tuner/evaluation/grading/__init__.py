"""Matches answers with their questions and grades them, shard by shard."""
