"""Amounts of US dollars: how they are rounded, and how people read them.

An amount that a person approves, or that limits spending, is rounded up, so that nobody approves less than what a run
can cost. Any other amount is rounded to the nearest cent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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


def decimals_of(amounts: Iterable[float | Decimal]) -> int:
    """How many decimals show all of these amounts of the ledger without rounding: 2 to 6."""
    exact = [_without_float_error(usd).normalize() for usd in amounts]
    return max([2, *(-int(amount.as_tuple().exponent) for amount in exact)])


def exact_money(usd: float | Decimal, decimals: int) -> str:
    """An amount of the ledger with as many decimals as others beside it, so that a person can add them up."""
    return f"${_without_float_error(usd):,.{decimals}f}"


def money_of_sum(amounts: Sequence[float | Decimal | None], total: str) -> list[str]:
    """The amounts of which `total` is the sum, as it is shown: `$3.94`. Rounded to cents, so that they add up to it.

    The cents that are missing go to the amounts with the largest remainders (the method of Hare and Niemeyer), so an
    amount can be rounded up or down. Amounts below a cent keep two significant digits, and are added before the
    rounding: the sum of all that is shown differs from the total by half a cent at most. Amounts that have another sum
    are rounded one by one.
    """
    shown = [money(usd) for usd in amounts]
    exact = {at: _without_float_error(usd) / _CENT for at, usd in enumerate(amounts) if usd and usd >= _CENT}
    small = [_amount_in(shown[at]) for at, usd in enumerate(amounts) if usd and at not in exact]
    cents = (_amount_in(total) - sum(small)) / _CENT if total.startswith("$") else Decimal()
    if not exact or abs(cents - sum(exact.values())) > len(small) + 1:
        return shown  # nothing to round, or not the sum of these
    missing = int(cents.quantize(Decimal(1), ROUND_HALF_EVEN)) - sum(map(int, exact.values()))
    for_all, for_some = divmod(missing, len(exact))
    by_remainder = sorted(exact, key=lambda at: (int(exact[at]) - exact[at], at))
    for place, at in enumerate(by_remainder):
        shown[at] = money((int(exact[at]) + for_all + (place < for_some)) * _CENT)
    return shown


def _amount_in(shown: str) -> Decimal:
    return Decimal(shown.removeprefix("$").replace(",", ""))


def _shown(usd: float | Decimal | None, rounding: str) -> str:
    if usd is None:
        return "not known"
    exact = _without_float_error(usd) if usd >= 0.01 else Decimal(str(usd))
    digits = 2 if exact >= _CENT or not exact else 1 - floor(log10(exact))
    return f"${exact.quantize(Decimal(1).scaleb(-digits), rounding):,f}"


def _without_float_error(usd: float | Decimal) -> Decimal:
    return Decimal(str(usd)).quantize(SMALLEST, ROUND_HALF_EVEN)
