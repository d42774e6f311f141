"""Finds UTF-8 that a program read in another encoding: `GrÃ¶ÃŸe` is `Größe`, `donâ€™t` is `don’t`."""

from __future__ import annotations

import re
from dataclasses import dataclass


def _windows_1252(byte: int) -> str:
    """The character of a byte. Windows-1252 leaves five bytes without one: programs then use that of Latin-1."""
    try:
        return bytes([byte]).decode("cp1252")
    except UnicodeDecodeError:
        return chr(byte)


_BYTES = {_windows_1252(byte): byte for byte in range(0x80, 0x100)}
_BYTES |= {chr(byte): byte for byte in range(0x80, 0xA0)}  # Latin-1 has control characters there
_FOLLOWING = "[" + "".join(re.escape(letter) for letter, byte in _BYTES.items() if byte < 0xC0) + "]"


def _of(first: int, last: int) -> str:
    return f"[{''.join(letter for letter, byte in _BYTES.items() if first <= byte <= last)}]"


# `Ã` or `Â` before another sign, and `â€` or `ðŸ`, are in no text that somebody wrote. Others can be: `CAFÉ™`.
_SURE = f"[ÃÂ]{_FOLLOWING}|â€{_FOLLOWING}|ðŸ{_FOLLOWING}{{2}}"
_ANY = f"{_of(0xC2, 0xDF)}{_FOLLOWING}|{_of(0xE0, 0xEF)}{_FOLLOWING}{{2}}|{_of(0xF0, 0xF4)}{_FOLLOWING}{{3}}"
_WRONG = re.compile(rf"(?:{_ANY}){{2,}}|{_SURE}")
_WRONG_PART = re.compile(rf"(?:{_ANY})+")
# UTF-8 that Excel on a Mac read in Mac Roman: `√∂` is `ö`, `‚Äô` is `’`.
_MAC = re.compile("√[§∂ºüÑñÖ©®°†]|‚Ä[ôúùìîÑ]")
_BESIDE = 20  # letters of the word that are shown before and after the wrong ones


@dataclass(frozen=True, slots=True)
class Mojibake:
    """A word as it is in the text, and as it probably was."""

    word: str
    meant: str


def find_mojibake(text: str) -> Mojibake | None:
    """The first word whose letters come from another encoding; None if there is none."""
    if text.isascii():
        return None
    for match in _WRONG.finditer(text):
        word = _word(text, match)
        meant = _WRONG_PART.sub(lambda part: _repaired(part.group(), "cp1252"), word)
        if meant != word and meant.isprintable():
            return Mojibake(word, meant)
    if mac := _MAC.search(text):
        word = _word(text, mac)
        return Mojibake(word, word.replace(mac.group(), _repaired(mac.group(), "mac_roman")))
    return None


def _word(text: str, match: re.Match[str]) -> str:
    """The word around the wrong letters, or a part of it: a text without spaces is one word."""
    before = text[max(match.start() - _BESIDE, 0) : match.start()].split(" ")[-1]
    after = text[match.end() : match.end() + _BESIDE].split(" ")[0]
    return "".join((before, match.group(), after)).strip()


def _repaired(wrong: str, encoding: str) -> str:
    try:
        data = wrong.encode("mac_roman") if encoding == "mac_roman" else bytes(map(_BYTES.__getitem__, wrong))
        return data.decode("utf-8")
    except (UnicodeError, KeyError):
        return wrong
