"""The training process: LoRA fine-tuning of a small language model. It knows nothing of Bedrock."""
