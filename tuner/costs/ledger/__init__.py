"""What is written to the spending ledger: the worst case of a run, and what it spent in the end."""
