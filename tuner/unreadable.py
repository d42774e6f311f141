"""Characters that are not meant to be read: they steer a terminal, vanish from a page, or turn a text's direction."""

from __future__ import annotations

import re

# Control characters but line feed and tab; marks that turn the direction of what follows.
_UNREADABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def readable(text: str) -> str:
    """The text with a sign in place of each such character, so that it looks like what it is.

    A carriage return before a line feed is the end of a line, as some systems write it.
    """
    return _UNREADABLE.sub("\ufffd", text.replace("\r\n", "\n"))
