"""The ledger of spending: what each run has reserved or spent, by month, and the ceilings of a month."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Literal, NamedTuple

from pydantic import Field

from tuner.artifacts.base import Part

Ceiling = Literal["deployment", "dataset"]
CEILING_SETTINGS: Mapping[Ceiling, str] = {"deployment": "monthly_usd", "dataset": "monthly_usd_per_dataset"}
"""The deployment's setting of each ceiling."""


class Ceilings(NamedTuple):
    """What may be reserved and spent in a month before a person is asked, in dollars. None: no ceiling."""

    deployment: Decimal | None = None
    dataset: Decimal | None = None


class LedgerEntry(Part):
    """A run in the ledger. It counts in the month of its reservation, with `reserved_usd` until it has ended."""

    run_id: str
    dataset: str
    month: str = Field(description="2026-11, in UTC")
    reserved_usd: Decimal = Field(description="the worst case of the run; 0 when the run ended without a reservation")
    reserved_at: str | None = None
    spent_usd: Decimal | None = Field(None, description="null until the run has ended")
    ended_at: str | None = None
    passed: tuple[Ceiling, ...] = Field((), description="ceilings that the reservation passed: a person was asked")
    version: int = Field(1, description="grows with each change, so that no change is made to an older state")

    @property
    def usd(self) -> Decimal:
        """What the run counts with."""
        return self.reserved_usd if self.spent_usd is None else self.spent_usd

    @property
    def is_open(self) -> bool:
        """Whether the run has not ended, as far as the ledger knows."""
        return self.spent_usd is None


class DatasetSpending(Part):
    """What the runs of a dataset have reserved and spent in a month."""

    dataset: str
    reserved_usd: float
    spent_usd: float

    @property
    def usd(self) -> float:
        """Both together."""
        return self.reserved_usd + self.spent_usd


class PassedCeiling(Part):
    """A ceiling that a run's worst case would pass, with what other runs had reserved and spent by then."""

    ceiling: Ceiling
    month: str
    limit_usd: float
    reserved_usd: float
    spent_usd: float
    datasets: tuple[DatasetSpending, ...] = Field((), description="those with the most, the largest first")


def month_of(instant: dt.datetime) -> str:
    """`2026-11`: the month in UTC."""
    return f"{instant.astimezone(dt.UTC):%Y-%m}"


def by_dataset(entries: Iterable[LedgerEntry]) -> tuple[DatasetSpending, ...]:
    """The sums of each dataset, the largest first."""
    reserved: dict[str, Decimal] = {}
    spent: dict[str, Decimal] = {}
    for entry in entries:
        for sums in (reserved, spent):
            sums.setdefault(entry.dataset, Decimal(0))
        sums = reserved if entry.is_open else spent
        sums[entry.dataset] += entry.usd
    found = [
        DatasetSpending(dataset=name, reserved_usd=float(reserved[name]), spent_usd=float(spent[name]))
        for name in reserved
    ]
    return tuple(sorted(found, key=lambda each: (-each.usd, each.dataset)))


def passed_ceilings(entry: LedgerEntry, others: Iterable[LedgerEntry], ceilings: Ceilings) -> tuple[PassedCeiling, ...]:
    """The ceilings that the run passed, with the sums of the other runs of its month."""
    datasets = by_dataset(other for other in others if other.run_id != entry.run_id)
    own = tuple(each for each in datasets if each.dataset == entry.dataset)
    counted = {"deployment": (ceilings.deployment, datasets), "dataset": (ceilings.dataset, own)}
    return tuple(
        PassedCeiling(
            ceiling=name,
            month=entry.month,
            limit_usd=float(limit),
            reserved_usd=sum(each.reserved_usd for each in found),
            spent_usd=sum(each.spent_usd for each in found),
            datasets=found[:3],
        )
        for name in entry.passed
        for limit, found in [counted[name]]
        if limit is not None
    )
