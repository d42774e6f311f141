"""Ends a command that is interrupted (Ctrl-C) or ended with one line, which says what goes on and how to continue."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from tuner.cli.terminal.console import say
from tuner.cli.terminal.exit_status import ExitStatus

_UNFINISHED = "Interrupted: the command did not finish. A run that it started goes on: see 'tuner runs'."
_said: list[str] = []


@contextmanager
def ended_like_interrupted() -> Iterator[None]:
    """In this block, SIGTERM and SIGHUP interrupt like Ctrl-C.

    By default they end Python at once, and leave unfinished files and the copy of standard input behind. A signal that
    is ignored (`nohup`) stays ignored. Only the main thread can set handlers.
    """
    names = ("SIGTERM", "SIGHUP") if threading.current_thread() is threading.main_thread() else ()
    wanted = [getattr(signal, name) for name in names if hasattr(signal, name)]
    changed = [number for number in wanted if signal.getsignal(number) is signal.SIG_DFL]
    for number in changed:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number in changed:
            signal.signal(number, signal.SIG_DFL)


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
