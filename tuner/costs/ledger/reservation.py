"""Reserves the worst case of a run in the ledger of spending, and replaces it by what the run spent."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import NamedTuple, Protocol

from tuner.artifacts.costs.amounts import SMALLEST, exact_amount, money
from tuner.artifacts.costs.cost_items import TESTS
from tuner.artifacts.costs.estimate import CostItem, Estimate
from tuner.artifacts.costs.ledger import CEILING_SETTINGS, Ceilings, LedgerEntry, passed_ceilings
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

    def settle(self, run_id: str, dataset: str, usd: Decimal | None, at: dt.datetime) -> LedgerEntry | None:
        """Replaces the reservation; None keeps its amount."""
        ...

    def find(self, run_id: str) -> LedgerEntry | None:
        """The entry of a run."""
        ...

    def entries(self, month: str) -> tuple[LedgerEntry, ...]:
        """The runs of a month."""
        ...

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


def reserve_tests(
    ledger: Ledger, run_id: str, manifest: Manifest, deployment: DeploymentSettings, at: dt.datetime
) -> str | None:
    """Reserves what the preflight's test requests cost at most.

    Returns None if the run may send them. If they could pass a ceiling, returns a sentence that says which one. Such a
    run spends nothing until a person approves it. A person is asked, because the ledger's entry keeps `passed`.
    """
    tests = _test_requests(manifest, deployment)
    if not tests:
        return None
    # Items without a price are not counted. The smallest amount still asks whether the ceilings leave anything.
    usd = max(exact_amount(sum(item.at_most_usd or 0 for item in tests)), SMALLEST)
    ceilings = ceilings_of(deployment)
    entry = ledger.reserve(run_id, manifest.dataset, usd, ceilings, at)
    if not entry.passed:
        return None
    ceiling = entry.passed[0]
    sums = ledger.committed(entry.month, entry.dataset if ceiling == "dataset" else None)
    return (
        f"With its test requests, the run could pass the {ceiling}'s ceiling of {money(getattr(ceilings, ceiling))} "
        f"for {entry.month} ('{CEILING_SETTINGS[ceiling]}'): other runs have reserved and spent "
        f"{money(sums - entry.usd)}."
    )


def settle(ledger: Ledger, folder: RunFolder, report: Report | None, at: dt.datetime) -> LedgerEntry | None:
    """Replaces the reservation of a run that has ended by what its report knows. It can be called any number of times.

    A run without a report keeps its worst case. A run without a dataset was refused before it could reserve anything.
    A run without an estimate has reserved its test requests at most. It keeps them, unless they would have passed a
    ceiling: then it sent none.
    """
    if report is None:
        return ledger.settle(folder.run_id, "", None, at)
    dataset = report.dataset or ""
    if report.estimate is None and not report.unreadable:
        entry = ledger.find(folder.run_id)
        return ledger.settle(folder.run_id, dataset, Decimal(0) if entry and entry.passed else None, at)
    return ledger.settle(folder.run_id, dataset, _spent(report, folder), at)


def _spent(report: Report, folder: RunFolder) -> Decimal | None:
    """What the run spent at most, and no less than its report says.

    A function can still be at work when the report of a stopped run is written. What it then gives back would make the
    ledger differ from the report.
    """
    found = spent(report, PaidUse.of(folder, report))
    reported = report.bill.at_most_usd if report.bill else None
    return found if found is None or reported is None else max(found, exact_amount(reported))


def _test_requests(manifest: Manifest, deployment: DeploymentSettings) -> tuple[CostItem, ...]:
    """The items of the estimate for the preflight's test requests."""
    # The sizes of the dataset are not known, and no test request depends on them.
    task = "answer" if manifest.settings.task == "auto" else manifest.settings.task
    generation = GenerationTokens(manifest.generator_model, 0, 0) if manifest.generates else None
    inputs = CostInputs(0, QuestionTokens(0, 0, 0), generation=generation, task=task)
    limits = spending_limits(manifest.settings, deployment)
    items = make_estimate(Plan.of(manifest), inputs, limits, price_list(deployment.prices)).items
    return tuple(item for item in items if item.id in TESTS)


def ceilings_of(deployment: DeploymentSettings) -> Ceilings:
    """The ceilings in the deployment's settings."""
    whole, dataset = deployment.monthly_usd, deployment.monthly_usd_per_dataset
    return Ceilings(None if whole is None else exact_amount(whole), None if dataset is None else exact_amount(dataset))
