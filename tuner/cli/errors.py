"""Errors of the command line. The errors of a run are in tuner.core.errors.

CommandError
  NoDeploymentError
  UnknownRunError
"""


class CommandError(Exception):
    """The command cannot do what was asked. The message says why, and what to do."""


class NoDeploymentError(CommandError):
    """The stack does not exist, or it is not a stack of this project."""


class UnknownRunError(CommandError):
    """No run, or more than one run, has this id or prefix."""
