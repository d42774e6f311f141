"""HTTP in, HTTP out: routing, parsing, validation and serialization, all driven by botocore's service models."""
