"""Fine-tunes Amazon Bedrock models from a dataset in S3, and says whether the result is better."""

__version__ = "0.1.0"
