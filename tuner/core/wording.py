"""Parts of messages: counted nouns, shortened texts, and the nearest valid name for one that is not known."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from tuner.core.strict_model import Json

# How similar two names must be, from 0 to 1. Below this, `learning_rate` would be near to `serving`.
SIMILAR = 0.6
VERY_SIMILAR = 0.8
"""For names that differ little from each other, such as those of Regions."""
_LONGEST = 80


def plural(count: int, one: str, many: str | None = None) -> str:
    """The number with its noun.

    >>> plural(1, "question"), plural(8000, "question")
    ('1 question', '8,000 questions')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def shortened(text: str, longest: int = 200) -> str:
    """The beginning of a text, in at most `longest` characters. A text from a file can have megabytes.

    >>> shortened("microphone", 8)
    'micro...'
    """
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def json_type(value: Json, null: str = "null") -> str:
    """The type of a JSON value in words. `null` is what a missing value is called."""
    if value is None:
        return null
    names = {bool: "true or false", str: "a text", int: "a number", float: "a number", list: "a list"}
    return names.get(type(value), "an object")


def nearest_name(name: str, known: Iterable[str], similarity: float = SIMILAR) -> str | None:
    """The most similar known name, whatever its case. None when none is similar enough."""
    by_folded = {each.casefold(): each for each in known}
    close = difflib.get_close_matches(name[:_LONGEST].strip().casefold(), by_folded, n=1, cutoff=similarity)
    return by_folded[close[0]] if close else None


def did_you_mean(name: str, known: Iterable[str], otherwise: str | None = None, similarity: float = SIMILAR) -> str:
    """A sentence with the nearest name. When none is near, `otherwise`, or by default all names."""
    names = list(known)
    if close := nearest_name(name, names, similarity):
        return f"Did you mean '{close}'?"
    return f"Valid: {', '.join(names)}." if otherwise is None else otherwise


def unknown_name(kind: str, name: str, known: Iterable[str], more: str = "") -> str:
    """A message about an unknown name, for the end of a sentence: the nearest name, or all of them, then `more`."""
    names = list(known)
    close = nearest_name(name, names)
    hint = f"did you mean '{close}'" if close else f"there are: {', '.join(names)}"
    return f"there is no {kind} '{name}'; {hint}{f', {more}' if more else ''}"
