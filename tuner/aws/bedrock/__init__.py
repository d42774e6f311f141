"""Adapters to Amazon Bedrock."""
