"""What a run writes: one model per file."""
