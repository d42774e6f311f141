"""The state machine: its definition, retry policy, limits and documentation page."""
