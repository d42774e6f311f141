"""Completes the commands that messages name, so that they can be pasted: with --local and --stack if these were given.

Messages name commands without these options, because most are written where nobody knows them: in a run's functions.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from typing import Any, TypeVar

import typer

T = TypeVar("T")

_given: dict[str, str] = {}
"""By the option's name, the option as it was given."""
_root: list[Any] = []
"""The command `tuner`. Any: Typer brings a private copy of Click, whose classes have no public names."""


def forget() -> None:
    """Forgets the options of an earlier call in the same process."""
    _given.clear()
    _root.clear()


def remember(context: typer.Context, option: typer.CallbackParam, value: T) -> T:
    """Callback of an option that hints repeat. An option from the environment holds for the next command anyway."""
    source = context.get_parameter_source(str(option.name))
    if value and source is not None and source.name == "COMMANDLINE":
        _given[option.opts[0]] = option.opts[0] + ("" if value is True else f" {quoted(str(value))}")
        _root[:] = [context.find_root().command]
    return value


def pasteable(text: str) -> str:
    """The text with the given options in every command that takes them (`tuner show --local RUN`)."""
    if not _given:
        return text
    takes = _options_by_command(_root[0])
    # The longest name first: `tuner throughput release` begins with `tuner throughput`.
    names = "|".join(re.escape(name) for name in sorted(takes, key=len, reverse=True))
    return re.sub(
        rf"\btuner ({names})\b(?! --(?:local|stack)\b)",
        lambda found: " ".join([found[0], *(given for name, given in _given.items() if name in takes[found[1]])]),
        text,
    )


def quoted(name: str) -> str:
    """A name as a shell needs it: in quotation marks if it has spaces or other special characters."""
    return shlex.quote(name)


@cache
def _options_by_command(root: Any) -> dict[str, frozenset[str]]:
    return {path: frozenset(name for option in found.params for name in option.opts) for path, found in _all(root, "")}


def _all(group: Any, path: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        yield f"{path}{name}", command
        if hasattr(command, "commands"):
            yield from _all(command, f"{path}{name} ")
