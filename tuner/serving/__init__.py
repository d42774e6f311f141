"""Serving the tuned model for as long as it takes to ask it: purchased, awaited, asked, released."""
