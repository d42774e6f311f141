"""The runtime: resolves model ids, and answers InvokeModel and Converse."""
