"""Formats numbers, prices, times and names for people."""

from __future__ import annotations

from datetime import UTC, datetime

from tuner.artifacts.costs.amounts import money

_NONE = "–"
# Below this, a price is shown for a million units.
_SMALLEST_UNIT_PRICE = 0.0001
_TITLES = {
    "bertscore_precision": "BERTScore precision",
    "bertscore_recall": "BERTScore recall",
    "bertscore_f1": "BERTScore F1",
    "bleu": "BLEU",
    "chrf": "chrF",
}


def measure_title(name: str) -> str:
    """A readable name for a measure without a label."""
    return _TITLES.get(name, name.replace("_", " ").capitalize())


def in_brackets(text: str) -> str:
    """What is added to a name: in brackets, or after a comma if it has brackets of its own."""
    return f", {text}" if "(" in text else f" ({text})"


def number(value: float | None, signed: bool = False) -> str:
    """Three significant digits, and all digits before the decimal point: 0.703, 6.25, 42.1, 1,204."""
    if value is None:
        return _NONE
    size = abs(value)
    digits = 3 if size < 1 else 2 if size < 10 else 1 if size < 100 else 0
    # A value that rounds to zero is not negative.
    text = f"{round(value, digits) or 0.0:{'+' if signed else ''},.{digits}f}"
    return text.replace("-", "−")


def grade(value: float | None) -> str:
    """The score of one answer: an integer without decimals (7), any other like `number`."""
    return f"{value:,.0f}" if value is not None and value == int(value) else number(value)


def probability(p: float | None) -> str:
    """A probability with three decimals: 0.031, or < 0.001."""
    return "< 0.001" if p is not None and p < 0.001 else number(p)


def range_limit(value: float) -> str:
    """A limit of a range without trailing zeros: 1, 0.5."""
    return f"{value:g}".replace("-", "−")


def integer(value: float | None) -> str:
    """A count with thousands separators: 1,204."""
    return _NONE if value is None else f"{value:,.0f}"


def price(usd: float | None) -> str:
    """The price of one unit, or of a million units when one costs very little: $108.15, $0.035 a million."""
    return money(usd) if usd is None or usd >= _SMALLEST_UNIT_PRICE or usd == 0 else f"${usd * 1e6:,.4g} a million"


def quantity(value: float | None) -> str:
    """A number of units, or `not counted`."""
    return "not counted" if value is None else f"{value:,.2f}".removesuffix(".00")


def share_or_number(value: float | None, scale: tuple[float, float] | None) -> str:
    """A percentage when the scale is from 0 to 1, otherwise a number."""
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


def latency(milliseconds: float | None) -> str:
    """How long an answer took: 812 ms, 1.41 s."""
    if milliseconds is None:
        return _NONE
    return f"{milliseconds:,.0f} ms" if milliseconds < 1000 else f"{number(milliseconds / 1000)} s"


def interval_limits(interval: tuple[float, float] | None, signed: bool = False) -> str:
    """Both ends of an interval: 3.1 to 6.4. Empty without one."""
    return " to ".join(number(end, signed) for end in interval or ())


def seconds_between(start: str | None, end: str | None) -> float | None:
    """Seconds from one ISO 8601 time to another. None when one is missing."""
    return (_moment(end) - _moment(start)).total_seconds() if start and end else None


def timestamp(text: str | None) -> str:
    """2026-11-23 07:13:39 UTC."""
    return _moment(text).strftime("%Y-%m-%d %H:%M:%S UTC") if text else _NONE


def minute(text: str) -> str:
    """2026-11-23 07:13, in UTC."""
    return _moment(text).strftime("%Y-%m-%d %H:%M")


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def kappa_in_words(value: float) -> str:
    """The usual names of Landis and Koch, "The Measurement of Observer Agreement for Categorical Data" (1977)."""
    if round(value, 3) < 0:  # as it is shown: an error of rounding is not below chance
        return "less than chance"
    names = ("slight", "fair", "moderate", "substantial", "almost perfect")
    return next((name for name, end in zip(names, (0.2, 0.4, 0.6, 0.8), strict=False) if value <= end), names[-1])


def alpha_in_words(value: float) -> str:
    """What Krippendorff, "Content Analysis", allows to conclude from scores with this agreement."""
    if value >= 0.8:
        return "reliable"
    return "reliable enough for tentative conclusions only" if value >= 0.667 else "not reliable"
