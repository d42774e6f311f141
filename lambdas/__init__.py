"""The Lambda functions of the state machine: each parses its event and calls one function of `tuner`."""
