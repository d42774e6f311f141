"""BERTScore's encoder: its files, and the vectors that it computes."""
