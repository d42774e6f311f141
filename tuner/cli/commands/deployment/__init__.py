"""Commands that act on a deployment and on what it left in the account."""
