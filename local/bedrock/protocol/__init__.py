"""The HTTP layer: routing, parsing, validation and serialization by botocore's service models."""
