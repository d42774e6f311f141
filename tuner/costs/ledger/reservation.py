"""Reserves the worst case of a run in the ledger of spending, and replaces it by what the run spent."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import NamedTuple, Protocol

from tuner.artifacts.costs.amounts import exact_amount, money
from tuner.artifacts.costs.cost_items import TESTS
from tuner.artifacts.costs.estimate import Estimate
from tuner.artifacts.costs.ledger import Ceilings, LedgerEntry, month_of, passed_ceilings
from tuner.artifacts.manifest import Manifest
from tuner.artifacts.report import Report
from tuner.aws.s3.run_folder import RunFolder
from tuner.costs.cost_inputs import CostInputs, GenerationTokens, Plan, QuestionTokens
from tuner.costs.estimate import estimate as make_estimate
from tuner.costs.ledger.spent import PaidUse, spent
from tuner.costs.prices.price_list import price_list
from tuner.costs.spending_decision import spending_decision
from tuner.costs.write_estimate import spending_limits
from tuner.settings import DeploymentSettings


class Ledger(Protocol):
    """What is needed of `LedgerTable`."""

    def reserve(self, run_id: str, dataset: str, usd: Decimal, ceilings: Ceilings, at: dt.datetime) -> LedgerEntry:
        """Reserves the amount; the entry names the ceilings that this passes."""
        ...

    def settle(
        self, run_id: str, dataset: str, usd: Decimal | None, at: dt.datetime, unreserved_usd: Decimal = Decimal(0)
    ) -> LedgerEntry | None:
        """Replaces the reservation; None keeps its amount, or enters `unreserved_usd` where there is none."""
        ...

    def entries(self, month: str) -> tuple[LedgerEntry, ...]:
        """The runs of a month."""
        ...


class Sums(Protocol):
    """What is needed of `LedgerTable` to look at its sums."""

    def committed(self, month: str, dataset: str | None = None) -> Decimal:
        """What all runs of a month, or those of one dataset, have reserved and spent."""
        ...


class Reserved(NamedTuple):
    """The estimate, and the part of the deployment's ceiling that is reserved and spent (None: no ceiling)."""

    estimate: Estimate
    part_of_ceiling: float | None


def reserve(
    ledger: Ledger, folder: RunFolder, dataset: str, estimate: Estimate, deployment: DeploymentSettings, at: dt.datetime
) -> Reserved:
    """Reserves the worst case. The estimate gets the ceilings that this passes, and is written to the folder.

    A run that is refused for its budget reserves nothing.
    """
    if spending_decision(estimate) == "refuse":
        return Reserved(estimate, None)
    ceilings = ceilings_of(deployment)
    entry = ledger.reserve(folder.run_id, dataset, exact_amount(estimate.worst_case_usd), ceilings, at)
    entries = ledger.entries(entry.month)
    passed = passed_ceilings(entry, entries, ceilings)
    if passed:
        estimate = estimate.model_copy(update={"passed_ceilings": passed})
        folder.save(estimate)
    committed = sum((each.usd for each in entries), Decimal(0))
    return Reserved(estimate, float(committed / ceilings.deployment) if ceilings.deployment else None)


def reached_ceiling(sums: Sums, dataset: str, deployment: DeploymentSettings, at: dt.datetime) -> str | None:
    """The sentence about the ceiling that the runs of this month have reached, or None while both leave something.

    A run does not pay before its estimate if a ceiling is reached: until a person approves it, it spends nothing.
    """
    month, ceilings = month_of(at), ceilings_of(deployment)
    limits = (
        ("deployment", "monthly_usd", None, ceilings.deployment),
        ("dataset", "monthly_usd_per_dataset", dataset, ceilings.dataset),
    )
    for whose, setting, name, limit in limits:
        # Read without a ceiling too, so that a missing permission shows in the first run.
        found = sums.committed(month, name)
        if limit is not None and found >= limit:
            return (
                f"The {whose} has reached its ceiling of {money(float(limit))} for {month} ('{setting}'): "
                f"{money(float(found))} are reserved and spent."
            )
    return None


def settle(
    ledger: Ledger, folder: RunFolder, report: Report | None, deployment: DeploymentSettings, at: dt.datetime
) -> LedgerEntry | None:
    """Replaces the reservation of a run that has ended by what its report knows. It can be called any number of times.

    A run without a report keeps its worst case. A run without a dataset was refused before it could reserve anything.
    A run without an estimate has reserved nothing, too, and is entered with what its test requests cost at most.
    """
    if report is None:
        return ledger.settle(folder.run_id, "", None, at)
    dataset = report.dataset or ""
    if report.estimate is None:
        tests_usd = Decimal(0) if report.unreadable else _test_requests(folder, deployment)
        return ledger.settle(folder.run_id, dataset, None, at, unreserved_usd=tests_usd)
    return ledger.settle(folder.run_id, dataset, _spent(report, folder), at)


def _spent(report: Report, folder: RunFolder) -> Decimal | None:
    """What the run spent at most, and no less than its report says.

    A function can still be at work when the report of a stopped run is written. What it then gives back would make the
    ledger differ from the report.
    """
    found = spent(report, PaidUse.of(folder, report))
    reported = report.bill.at_most_usd if report.bill else None
    return found if found is None or reported is None else max(found, exact_amount(reported))


def _test_requests(folder: RunFolder, deployment: DeploymentSettings) -> Decimal:
    """What the preflight's test requests cost at most. 0 for a run that ended before its inputs were pinned."""
    manifest = folder.load_if_present(Manifest)
    if manifest is None:
        return Decimal(0)
    # The sizes of the dataset are not known, and no test request depends on them.
    task = "answer" if manifest.settings.task == "auto" else manifest.settings.task
    generation = GenerationTokens(manifest.generator_model, 0, 0) if manifest.generates else None
    inputs = CostInputs(0, QuestionTokens(0, 0, 0), generation=generation, task=task)
    limits = spending_limits(manifest.settings, deployment)
    items = make_estimate(Plan.of(manifest), inputs, limits, price_list(deployment.prices)).items
    return exact_amount(sum(item.at_most_usd or 0 for item in items if item.id in TESTS))


def ceilings_of(deployment: DeploymentSettings) -> Ceilings:
    """The ceilings in the deployment's settings."""
    whole, dataset = deployment.monthly_usd, deployment.monthly_usd_per_dataset
    return Ceilings(None if whole is None else exact_amount(whole), None if dataset is None else exact_amount(dataset))
