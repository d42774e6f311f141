"""Fine-tuning for real on a laptop: LoRA on a small language model, in a process of its own."""
