"""Ends a command that the user interrupts (Ctrl-C) with one line, which says what goes on and how to continue."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from tuner.cli.terminal.console import say
from tuner.cli.terminal.exit_status import ExitStatus

_UNFINISHED = "Interrupted: the command did not finish. What it started in the account goes on: see 'tuner runs'."
_said: list[str] = []


@contextmanager
def interruptible(message: str) -> Iterator[None]:
    """Exits with `message` and the status of an interruption if the user interrupts the block."""
    try:
        yield
    except KeyboardInterrupt:
        _said.append(message)
        say(f"\n{message}")
        raise typer.Exit(ExitStatus.INTERRUPTED) from None


def say_unless_said() -> None:
    """Says that an interrupted command did not finish, if the command itself has said nothing."""
    if not _said:
        say(f"\n{_UNFINISHED}")
    _said.clear()
