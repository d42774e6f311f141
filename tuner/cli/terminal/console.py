"""Output of the commands: JSON on stdout, messages and tables on stderr."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text
from rich.theme import Theme

from tuner.cli.errors import CommandError
from tuner.cli.terminal.hints import pasteable
from tuner.core.text_sanitizer import json_escaped, readable

_THEME = Theme({"good": "green", "bad": "red", "warn": "yellow", "quiet": "dim", "name": "bold"})


class SafeConsole(Console):
    """A console that never prints control characters of its text.

    Datasets and answers of models are foreign text: an escape sequence in them could rewrite the user's terminal.
    """

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Replaces every unreadable character with U+FFFD or nothing. Rich's own control segments pass."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(readable(segment.text), segment.style)


def console() -> Console:
    """A console on stderr. Markup is off, because file names, answers and AWS's messages may contain brackets."""
    return SafeConsole(stderr=True, theme=_THEME, markup=False, highlight=False, emoji=False)


def is_live(target: Console) -> bool:
    """Whether a display may redraw itself. It may not in a pipe, a log or a CI job."""
    return target.is_terminal and not target.is_dumb_terminal and not os.environ.get("CI")


@contextmanager
def progress(title: str) -> Iterator[Callable[[str], None]]:
    """Shows what a long command does: in one line that changes, or as one line each where nothing can be redrawn."""
    target = console()
    if not is_live(target):
        yield say
        return
    with target.status(title) as status:
        yield lambda line: status.update(Text(line, overflow="ellipsis", no_wrap=True))


def say(text: str, style: str = "") -> None:
    """Prints a message, wrapped between words in a terminal and as one line in a log or pipe."""
    target = console()
    # soft_wrap: without a terminal Rich would break lines at 80 characters, and logs are searched by line.
    target.print(pasteable(text), style=style or None, soft_wrap=not target.is_terminal)


def emit(document: Any) -> None:
    """Prints a JSON document to stdout.

    What a terminal would take for a command, and what UTF-8 cannot encode, is escaped: on Linux a file name may be any
    bytes, which Python keeps as surrogates.
    """
    text = json.dumps(document, ensure_ascii=False, indent=2, default=str)
    try:
        sys.stdout.write(f"{json_escaped(text)}\n")
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as `head`, has read enough
        raise
    except OSError as error:
        raise CommandError(f"Standard output cannot be written: {error.strerror}.") from None
