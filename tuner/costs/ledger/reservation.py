"""Reserves the worst case of a run in the ledger of spending, and replaces it by what the run spent."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import NamedTuple, Protocol

from tuner.artifacts.costs.estimate import Estimate
from tuner.artifacts.costs.ledger import Ceilings, LedgerEntry, money, passed_ceilings
from tuner.artifacts.report import Report
from tuner.aws.s3.run_folder import RunFolder
from tuner.costs.ledger.spent import PaidUse, spent
from tuner.settings import DeploymentSettings


class Ledger(Protocol):
    """What is needed of `LedgerTable`."""

    def reserve(self, run_id: str, dataset: str, usd: Decimal, ceilings: Ceilings, at: dt.datetime) -> LedgerEntry:
        """Reserves the amount; the entry names the ceilings that this passes."""
        ...

    def settle(self, run_id: str, dataset: str, usd: Decimal | None, at: dt.datetime) -> LedgerEntry | None:
        """Replaces the reservation; None keeps its amount."""
        ...

    def entries(self, month: str) -> tuple[LedgerEntry, ...]:
        """The runs of a month."""
        ...


class Reserved(NamedTuple):
    """The estimate, and the part of the deployment's ceiling that is reserved and spent (None: no ceiling)."""

    estimate: Estimate
    part_of_ceiling: float | None


def reserve(
    ledger: Ledger, folder: RunFolder, dataset: str, estimate: Estimate, deployment: DeploymentSettings, at: dt.datetime
) -> Reserved:
    """Reserves the worst case. The estimate gets the ceilings that this passes, and is written to the folder."""
    ceilings = ceilings_of(deployment)
    entry = ledger.reserve(folder.run_id, dataset, money(estimate.worst_case_usd), ceilings, at)
    entries = ledger.entries(entry.month)
    passed = passed_ceilings(entry, entries, ceilings)
    if passed:
        estimate = estimate.model_copy(update={"passed_ceilings": passed})
        folder.save(estimate)
    committed = sum((each.usd for each in entries), Decimal(0))
    return Reserved(estimate, float(committed / ceilings.deployment) if ceilings.deployment else None)


def settle(ledger: Ledger, folder: RunFolder, report: Report | None, at: dt.datetime) -> LedgerEntry | None:
    """Replaces the reservation of a run that has ended by what its report knows. It can be called any number of times.

    A run without a report keeps its worst case. A run without a dataset was refused before it could reserve anything.
    """
    if report is None:
        return ledger.settle(folder.run_id, "", None, at)
    usd = spent(report, PaidUse.of(folder, report))
    return ledger.settle(folder.run_id, report.dataset or "", usd, at)


def ceilings_of(deployment: DeploymentSettings) -> Ceilings:
    """The ceilings in the deployment's settings."""
    whole, dataset = deployment.monthly_usd, deployment.monthly_usd_per_dataset
    return Ceilings(None if whole is None else money(whole), None if dataset is None else money(dataset))
