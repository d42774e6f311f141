"""Numbers, times and names as people read them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from math import floor, log10

_NONE = "–"
_NEXT_TO_NOTHING = 0.0001
_TITLES = {
    "bertscore_precision": "BERTScore precision",
    "bertscore_recall": "BERTScore recall",
    "bertscore_f1": "BERTScore F1",
    "bleu": "BLEU",
    "chrf": "chrF",
}


def title(name: str) -> str:
    """A metric's name when it gives no label."""
    return _TITLES.get(name, name.replace("_", " ").capitalize())


def number(value: float | None, signed: bool = False) -> str:
    """Three digits that count: 0.703, 6.25, 42.1, 1,204."""
    if value is None:
        return _NONE
    size = abs(value)
    digits = 3 if size < 1 else 2 if size < 10 else 1 if size < 100 else 0
    text = f"{value:{'+' if signed else ''},.{digits}f}"
    return text.replace("-", "−")


def grade(value: float | None) -> str:
    """One answer's score: a whole grade without digits (7), any other as `number` has it."""
    return f"{value:,.0f}" if value is not None and value == int(value) else number(value)


def probability(p: float | None) -> str:
    """0.031, and no more zeros than anyone reads: < 0.001."""
    return "< 0.001" if p is not None and p < 0.001 else number(p)


def short(value: float) -> str:
    """A bound of a range, with no more digits than it has: 1, 0.5."""
    return f"{value:g}".replace("-", "−")


def whole(value: float | None) -> str:
    """A count: 1,204."""
    return _NONE if value is None else f"{value:,.0f}"


def money(usd: float | None) -> str:
    """US dollars; below a cent two digits that count, so that a cheap run does not read as free: $0.000037."""
    if usd is None:
        return "not known"
    return f"${usd:,.2f}" if usd >= 0.01 or usd == 0 else f"${usd:.{1 - floor(log10(usd))}f}"


def price(usd: float | None) -> str:
    """A price of one unit, or of a million where one costs next to nothing: $108.15, $0.035 a million."""
    return money(usd) if usd is None or usd >= _NEXT_TO_NOTHING or usd == 0 else f"${usd * 1e6:,.4g} a million"


def quantity(value: float | None) -> str:
    """A count of units, or that nobody counted."""
    return "not counted" if value is None else f"{value:,.2f}".removesuffix(".00")


def share_or_number(value: float | None, scale: tuple[float, float] | None) -> str:
    """A share in per cent when the scale is from 0 to 1, else a number."""
    return f"{value:.0%}".replace("%", " %") if value is not None and scale == (0, 1) else number(value)


def duration(seconds: float | None) -> str:
    """The two largest units: 2 h 05 min, 4 min 10 s, 12 s."""
    if seconds is None:
        return _NONE
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours:,} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def between(start: str | None, end: str | None) -> float | None:
    """Seconds from one ISO time to another; None when one is missing."""
    return (_moment(end) - _moment(start)).total_seconds() if start and end else None


def when(text: str | None) -> str:
    """2026-11-23 07:13:39 UTC."""
    return _moment(text).strftime("%Y-%m-%d %H:%M:%S UTC") if text else _NONE


def minute(text: str) -> str:
    """2026-11-23 07:13, in UTC."""
    return _moment(text).strftime("%Y-%m-%d %H:%M")


def joined(parts: Sequence[str]) -> str:
    """a, b and c."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def plural(count: int, one: str, many: str | None = None) -> str:
    """1 question, 8 questions."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
