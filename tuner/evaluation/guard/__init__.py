"""The guard questions: whether the tuned model forgot what the base model could do, or became harmful."""
