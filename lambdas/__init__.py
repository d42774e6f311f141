"""The Lambda functions of the state machine: each parses its event, calls `tuner` and returns a result."""
