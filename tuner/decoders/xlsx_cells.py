"""Reads the cells of a sheet: the text that a person sees, and what people mark without changing the text.

A text that is struck through was taken back by somebody, so it is left out. Comments are not read. Both are counted.
"""

from __future__ import annotations

import datetime
import re
from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

_PLAIN_FORMAT = re.compile(r"[0#?.,E+\-@ ()_;]*|General", re.IGNORECASE)
_CARRIAGE_RETURN = re.compile(r"_x000D_\n?")


def value_of(cell: Any) -> Any:
    """The value without what is struck through; None if nothing is left of it."""
    value = cell.value
    if value is None or _is_struck(cell):
        return None
    if not isinstance(value, list):
        return value
    # A text whose parts have formats of their own: openpyxl gives a list of texts and TextBlocks.
    parts = [part if isinstance(part, str) else part.text for part in value if not _is_struck(part)]
    text = "".join(parts)
    return text if len(parts) == len(value) else text.strip() or None


def has_struck_text(cell: Any) -> bool:
    """Whether the text of the cell, or a part of it, is struck through."""
    if cell.value is None:
        return False
    return _is_struck(cell) or (isinstance(cell.value, list) and any(map(_is_struck, cell.value)))


def _is_struck(part: Any) -> bool:
    """Whether a cell, or a part of its text, has a font that strikes it through."""
    if isinstance(part, str) or getattr(part, "has_style", True) is False:
        return False
    return bool(part.font and part.font.strike)


class CellTexts:
    """The texts of the cells of one sheet. `units` counts the numbers of a column that are shown with a unit."""

    def __init__(self) -> None:
        self.units: Counter[str] = Counter()

    def text(self, cell: Any, column: str) -> str:
        """What the cell shows. `column` is the name of its column."""
        value = value_of(cell)
        if value is None:
            return ""
        if isinstance(value, bool):
            return str(value).upper()
        if isinstance(value, int | float):
            return self._number(value, cell.number_format or "General", column)
        if isinstance(value, datetime.datetime):
            whole_day = value.time() == datetime.time()
            return value.date().isoformat() if whole_day else value.isoformat(" ", "seconds")
        if isinstance(value, datetime.date | datetime.time):
            return value.isoformat()
        return _CARRIAGE_RETURN.sub("\n", str(value))

    def _number(self, value: float, number_format: str, column: str) -> str:
        digits = str(int(value)) if value == int(value) and abs(value) < 1e21 else f"{value:.15g}"
        if set(number_format) == {"0"} and "." not in digits:
            return digits.zfill(len(number_format))
        if decimals := re.fullmatch(r"(?:#,##)?0(?:\.(0+))?", number_format):
            # As it is shown: version 1.10 is a number that has the format 0.00.
            unit = Decimal(1).scaleb(-len(decimals.group(1) or ""))
            return str(Decimal(f"{value:.15g}").quantize(unit, ROUND_HALF_UP))
        if re.fullmatch(r"0(?:\.0+)?%", number_format):
            return f"{value * 100:.15g}%"
        if not _PLAIN_FORMAT.fullmatch(number_format):
            self.units[column] += 1
        return digits
