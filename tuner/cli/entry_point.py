"""The edge: every expected error becomes one clear message and an exit status."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from botocore.exceptions import EndpointConnectionError, NoCredentialsError, NoRegionError

from tuner.cli.app import app
from tuner.cli.commands import local
from tuner.cli.deployment import local_endpoint
from tuner.cli.errors import CommandError
from tuner.cli.terminal.console import say
from tuner.core.errors import TunerError

_HINTS = {
    NoCredentialsError: "Or use this machine's cloud: --local.",
    NoRegionError: "Name the deployment's Region with AWS_REGION, or use this machine's cloud: --local.",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line (sys.argv's when None) and exits."""
    try:
        app(arguments, prog_name="tuner")
    except Exception as error:
        if not _expected(error):
            raise
        say(f"Error: {_text(error)}", "bad")
        sys.exit(1)


def _expected(error: Exception) -> bool:
    theirs = local.error_class()
    return isinstance(error, (TunerError, CommandError)) or (theirs is not None and isinstance(error, theirs))


def _text(error: Exception) -> str:
    return f"{error} {_hint(error.__cause__)}".rstrip()


def _hint(cause: BaseException | None) -> str:
    if isinstance(cause, EndpointConnectionError) and local_endpoint():
        return "Is the local cloud up? 'tuner local status' says it, 'tuner local up' starts one."
    return next((hint for kind, hint in _HINTS.items() if isinstance(cause, kind)), "")
