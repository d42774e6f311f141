"""What the ledger of spending is told: the worst case of a run, and what it spent in the end."""
