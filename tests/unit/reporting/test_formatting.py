"""Formats of numbers, money and times."""

import pytest

from tuner.artifacts.costs.amounts import money, money_to_compare
from tuner.reporting import formatting


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.7031, "0.703"),
        (6.125, "6.12"),
        (42.07, "42.1"),
        (1204.4, "1,204"),
        (-0.05, "−0.050"),
        (None, "–"),
        (0, "0.000"),
    ],
)
def test_numbers_have_three_significant_digits(value: float | None, text: str) -> None:
    assert formatting.number(value) == text


def test_differences_are_signed() -> None:
    assert (formatting.number(0.5, True), formatting.number(-0.5, True)) == ("+0.500", "−0.500")
    assert (formatting.number(-4e-8, True), formatting.number(-4e-8)) == ("+0.000", "0.000")


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        (108.15, "$108.15"),
        (0, "$0.00"),
        (0.0461, "$0.05"),
        (0.0042, "$0.0042"),
        (0.000037, "$0.000037"),
        (None, "not known"),
    ],
)
def test_a_low_cost_is_not_shown_as_zero(usd: float | None, text: str) -> None:
    assert money(usd) == text


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        (0.0127802, "$0.013"),
        (0.0087588, "$0.0088"),
        (0.0961, "$0.096"),
        (0.2949, "$0.29"),
        (1.13, "$1.13"),
        (1234.5, "$1,234.50"),
        (0, "$0.00"),
        (None, "not known"),
    ],
)
def test_amounts_that_are_compared_have_two_significant_digits(usd: float | None, text: str) -> None:
    """Rounded to cents, 0.0128 would look 14 % more than 0.0088, and is 46 % more."""
    assert money_to_compare(usd) == text


@pytest.mark.parametrize(("usd", "text"), [(3.5e-08, "$0.035 a million"), (1e-06, "$1 a million"), (24.48, "$24.48")])
def test_prices_of_tokens_are_by_the_million(usd: float, text: str) -> None:
    assert formatting.price(usd) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(12, "12 s"), (59.7, "1 min 00 s"), (250, "4 min 10 s"), (7500, "2 h 05 min"), (None, "–")]
)
def test_durations_have_two_units(seconds: float | None, text: str) -> None:
    assert formatting.duration(seconds) == text


def test_times_without_a_zone_are_utc() -> None:
    assert formatting.timestamp("2026-11-23T07:13:39") == "2026-11-23 07:13:39 UTC"
    assert formatting.seconds_between("2026-11-23T07:00:00Z", "2026-11-23T08:00:00+01:00") == 0


@pytest.mark.parametrize(("value", "text"), [(7, "7"), (0.7, "0.700"), (None, "–")])
def test_whole_grades_have_no_digits(value: float | None, text: str) -> None:
    assert formatting.grade(value) == text
