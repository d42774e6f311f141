"""Brings texts to one form of Unicode, without making different characters equal.

NFKC goes too far for a comparison: it makes `x²` and `x2`, `½` and `1⁄2`, `①` and `1`, or `ℝ` and `R` equal. This
module uses NFC, and of the compatibility mappings only those that change the width or the shape of a character.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

# The kinds of compatibility mappings that keep the meaning (Unicode Character Database, Decomposition_Type): widths,
# small and vertical variants, the four shapes of Arabic letters, and spaces and hyphens without a line break.
_SHAPES = ("<wide>", "<narrow>", "<small>", "<vertical>", "<initial>", "<medial>", "<final>", "<isolated>", "<noBreak>")
_LIGATURES = range(0xFB00, 0xFB50)  # fi, fl, ff and the Armenian and Hebrew ones, as PDF files have them
# Invisible: soft hyphen, zero-width space, word joiner, byte-order mark, and the marks of writing direction. The
# joiners U+200C and U+200D are kept: they distinguish words in Persian and Indic scripts, and families of emoji.
_INVISIBLE = (0xAD, 0x200B, 0x2060, 0xFEFF, 0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
# No character beyond the Basic Multilingual Plane has such a mapping.
_END = 0x10000
# The kashida (U+0640) only lengthens a word, so it does not count between two Arabic letters. Alone it is a sign.
_KASHIDA = re.compile("(?<=[\u0620-\u063f\u0641-\u0652])\u0640+(?=[\u0620-\u063f\u0641-\u0652])")
_MICRO_SIGN, _GREEK_MU = 0xB5, 0x3BC


def in_one_form(text: str) -> str:
    """The text in NFC, with one width and shape of each character, without invisible control characters."""
    pattern, table = _replacements()
    form = unicodedata.normalize("NFC", text.translate(table) if pattern.search(text) else text)
    return _KASHIDA.sub("", form) if "\u0640" in form else form


@cache
def _replacements() -> tuple[re.Pattern[str], dict[int, str]]:
    """A pattern of all characters that are replaced, and what replaces each. Most texts have none of them."""
    table = {code: new for code in range(_END) if (new := _replacement(chr(code))) is not None}
    return re.compile(f"[{''.join(map(re.escape, map(chr, table)))}]"), table


def _replacement(letter: str) -> str | None:
    """What replaces a character; None if it stays."""
    number = ord(letter)
    if number in _INVISIBLE:
        return ""
    if number == _MICRO_SIGN:
        return chr(_GREEK_MU)
    kind = unicodedata.decomposition(letter).partition(" ")[0]
    if kind in _SHAPES or (kind == "<compat>" and number in _LIGATURES):
        return unicodedata.normalize("NFKC", letter)
    return None
