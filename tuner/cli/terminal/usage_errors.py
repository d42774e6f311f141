"""Says in plain words what is wrong with the value of an option.

Typer shows pydantic's messages, which are for programmers.
"""

from __future__ import annotations

from typing import Any

import typer
from pydantic import ValidationError
from typer.core import TyperGroup

from tuner.cli.terminal.hints import pasteable
from tuner.core.text_sanitizer import readable
from tuner.settings.messages import rule_of


class PlainUsageErrors(TyperGroup):
    """The group of all commands: it changes the messages of wrong values, also those of its sub-commands."""

    def invoke(self, ctx: Any) -> Any:
        """Runs the command."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            if isinstance(error.__cause__, ValidationError):
                error.message = _in_words(error.__cause__)
            # A name of a file or a model can have characters that a terminal takes for a command.
            error.message = pasteable(readable(error.message))
            raise


def _in_words(error: ValidationError) -> str:
    """`must be a whole number; found 'abc'.` Choices have a sentence of their own, with the value."""
    first = error.errors()[0]
    rule = rule_of(first)
    return f"{rule}." if first["type"] == "value_error" else f"{rule}; found '{first['input']}'."
