"""What a command cannot do. A run's own errors are in tuner.core.errors; these never reach a state machine."""


class CommandError(Exception):
    """The command cannot do what was asked: its text says why, and what to do."""
