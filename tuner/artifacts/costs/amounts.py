"""Amounts of US dollars: how they are rounded, and how people read them.

An amount that a person approves, or that limits spending, is rounded up, so that nobody approves less than what a run
can cost. Any other amount is rounded to the nearest cent.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal
from math import floor, log10

SMALLEST = Decimal("0.000001")
"""The smallest amount of the ledger, in dollars."""
_CENT = Decimal("0.01")


def exact_amount(usd: float) -> Decimal:
    """An amount for the ledger, rounded up to a millionth of a dollar."""
    return Decimal(repr(usd)).quantize(SMALLEST, ROUND_CEILING)


def approved_amount(usd: float) -> float:
    """The sum that a person approves: rounded up to whole cents.

    Sums of floats have errors far below a millionth of a dollar. They are removed first: 3.8000000000000003 is 3.80.
    """
    return float(_without_float_error(usd).quantize(_CENT, ROUND_CEILING))


def money(usd: float | Decimal | None) -> str:
    """An amount, rounded to cents. Below a cent with two significant digits, so that it does not read as zero."""
    return _shown(usd, ROUND_HALF_EVEN)


def money_to_compare(usd: float | Decimal | None) -> str:
    """An amount with cents, and two significant digits at least, so that $0.013 is not as little as $0.0088."""
    if usd is None or not 0 < usd < 1:
        return money(usd)
    digits = max(2, 1 - floor(log10(usd)))
    return f"${Decimal(str(usd)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_EVEN):f}"


def money_at_most(usd: float | Decimal | None) -> str:
    """An upper limit, like `money` but rounded up: $3.80 for 3.7912."""
    return _shown(usd, ROUND_CEILING)


def _shown(usd: float | Decimal | None, rounding: str) -> str:
    if usd is None:
        return "not known"
    exact = _without_float_error(usd) if usd >= 0.01 else Decimal(str(usd))
    digits = 2 if exact >= _CENT or not exact else 1 - floor(log10(exact))
    return f"${exact.quantize(Decimal(1).scaleb(-digits), rounding):,f}"


def _without_float_error(usd: float | Decimal) -> Decimal:
    return Decimal(str(usd)).quantize(SMALLEST, ROUND_HALF_EVEN)
