"""Prices: the current ones of AWS, and the packaged list for those that AWS does not give."""
