"""Where things are said: data on stdout, everything else on stderr."""

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

from tuner.core.text_sanitizer import readable

_THEME = Theme({"good": "green", "bad": "red", "warn": "yellow", "quiet": "dim", "name": "bold"})


class SafeConsole(Console):
    """A console whose text cannot steer the terminal: datasets and models' answers are other people's words."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Shows a sign in place of every character that is not meant to be read."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(readable(segment.text), segment.style)


def console() -> Console:
    """stderr. Markup is off: file names, answers and AWS's messages may hold brackets."""
    return SafeConsole(stderr=True, theme=_THEME, markup=False, highlight=False, emoji=False)


def is_live(target: Console) -> bool:
    """Whether a display may redraw itself: not in a pipe, a log or a CI job."""
    return target.is_terminal and not target.is_dumb_terminal and not os.environ.get("CI")


@contextmanager
def progress(title: str) -> Iterator[Callable[[str], None]]:
    """Where a long command says what it does: one line that changes, or all of them where nothing can change."""
    target = console()
    if not is_live(target):
        yield say
        return
    with target.status(title) as status:
        yield lambda line: status.update(Text(line, overflow="ellipsis", no_wrap=True))


def say(text: str, style: str = "") -> None:
    """A message to the person, wrapped between words where it is read and left whole where it is kept."""
    target = console()
    target.print(text, style=style or None, soft_wrap=not target.is_terminal)


def emit(document: Any) -> None:
    """A JSON document to stdout, for programs; with escapes where it is no UTF-8 (a file's name may be any bytes)."""
    text = json.dumps(document, ensure_ascii=False, indent=2, default=str)
    if not _fits_utf8(text):
        text = json.dumps(document, indent=2, default=str)
    sys.stdout.write(f"{text}\n")


def _fits_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
