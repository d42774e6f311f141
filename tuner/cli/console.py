"""Where things are said: data on stdout, everything else on stderr."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from rich.console import Console
from rich.theme import Theme

_THEME = Theme({"good": "green", "bad": "red", "warn": "yellow", "quiet": "dim", "name": "bold"})


def console() -> Console:
    """stderr. Markup is off: file names, answers and AWS's messages may hold brackets."""
    return Console(stderr=True, theme=_THEME, markup=False, highlight=False, emoji=False)


def is_live(target: Console) -> bool:
    """Whether a display may redraw itself: not in a pipe, a log or a CI job."""
    return target.is_terminal and not target.is_dumb_terminal and not os.environ.get("CI")


def say(text: str, style: str = "") -> None:
    """A message to the person."""
    console().print(text, style=style or None, soft_wrap=True)


def emit(document: Any) -> None:
    """A JSON document to stdout, for programs."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2, default=str) + "\n")
