"""Replaces characters that must not reach a terminal, a page or a file: control characters and lone surrogates."""

from __future__ import annotations

import re

# Control characters except line feed and tab; marks that change the direction of the text after them (they can make
# text look like other text); surrogates, which UTF-8 cannot encode.
_UNREADABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_SURROGATES = re.compile("[\ud800-\udfff]")


def readable(text: str) -> str:
    """The text with U+FFFD for each control character, direction mark and surrogate, so that it is shown as it is.

    Windows line ends (carriage return and line feed) become line feeds.
    """
    return _UNREADABLE.sub("\ufffd", text.replace("\r\n", "\n"))


def storable(text: str) -> str:
    """The text with U+FFFD for each surrogate. JSON can escape a lone one; UTF-8 cannot encode it."""
    return _SURROGATES.sub("\ufffd", text)
