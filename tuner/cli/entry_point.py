"""Runs the command line. Every expected error becomes one message on stderr and exit status 1."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, NoRegionError

from tuner.aws.error_mapping import code_of
from tuner.cli.app import app
from tuner.cli.checks import account
from tuner.cli.deployment import local_endpoint
from tuner.cli.errors import CommandError
from tuner.cli.local_cloud import local_error_class
from tuner.cli.terminal import hints
from tuner.cli.terminal.console import say
from tuner.cli.terminal.exit_status import ExitStatus
from tuner.cli.terminal.interruption import ended_like_interrupted, say_unless_said
from tuner.core.errors import TunerError

_HINTS = {
    NoCredentialsError: "To use the local cloud instead, add --local.",
    NoRegionError: "Set AWS_REGION to the deployment's Region. To use the local cloud instead, add --local.",
}

# AWS's codes for credentials that are no longer, or never were, valid.
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"}


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line (with sys.argv when `arguments` is None) and exits."""
    hints.forget()
    try:
        with ended_like_interrupted():
            app(arguments, prog_name="tuner")
    except Exception as error:
        if not _is_expected(error):
            raise  # a defect: its traceback is needed
        say(f"Error: {_message(error)}", "bad")
        sys.exit(1)
    except SystemExit as ended:
        # Typer ends an interrupted command with this status, and without a word.
        if ended.code == ExitStatus.INTERRUPTED:
            say_unless_said()
        raise


def _is_expected(error: Exception) -> bool:
    local_error = local_error_class()
    return isinstance(error, (TunerError, CommandError)) or (local_error is not None and isinstance(error, local_error))


def _message(error: Exception) -> str:
    return f"{error} {_hint(error.__cause__)}".rstrip()


def _hint(cause: BaseException | None) -> str:
    """What to do about an error of botocore, which knows nothing of --local."""
    if isinstance(cause, ClientError) and code_of(cause) in _EXPIRED:
        return account.LOG_IN_OR_ENABLE
    if isinstance(cause, EndpointConnectionError) and local_endpoint():
        return "Is the local cloud running? See 'tuner local status'; start it with 'tuner local up'."
    return next((hint for kind, hint in _HINTS.items() if isinstance(cause, kind)), "")
