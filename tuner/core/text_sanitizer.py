"""Characters that are not meant to be read: they steer a terminal, vanish from a page, or turn a text's direction."""

from __future__ import annotations

import re

# Control characters but line feed and tab; marks that turn the direction of what follows; halves of characters, which
# no file can hold.
_UNREADABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_HALVES = re.compile("[\ud800-\udfff]")


def readable(text: str) -> str:
    """The text with a sign in place of each such character, so that it looks like what it is.

    A carriage return before a line feed is the end of a line, as some systems write it.
    """
    return _UNREADABLE.sub("\ufffd", text.replace("\r\n", "\n"))


def storable(text: str) -> str:
    """The text with a sign in place of each half of a character: JSON may escape one by itself, and UTF-8 has none."""
    return _HALVES.sub("\ufffd", text)
