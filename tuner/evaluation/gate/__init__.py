"""The gate: decides whether the tuned model may be used."""
