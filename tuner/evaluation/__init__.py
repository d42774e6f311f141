"""Is the tuned model better? Metrics per question, statistics over them, a verdict in words."""
