"""The gate: whether the tuned model may be used."""
