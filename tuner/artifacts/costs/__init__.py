"""What the estimate writes, and the items that it and the bill are made of."""
