"""What a run reserves in the ledger of the month, and what a person is told about its ceilings."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from tests.doubles import RUN, MemoryFolder, approve, manifest, write_lines
from tuner.artifacts.costs.amounts import SMALLEST, exact_amount
from tuner.artifacts.costs.cost_items import CostItemId
from tuner.artifacts.costs.estimate import Estimate
from tuner.artifacts.costs.ledger import (
    Ceilings,
    DatasetSpending,
    LedgerEntry,
    PassedCeiling,
    by_dataset,
    month_of,
)
from tuner.artifacts.manifest import PinnedInput
from tuner.core.artifact_keys import Keys
from tuner.costs.ledger.reservation import ceilings_of, reserve, reserve_tests
from tuner.costs.spending_decision import ceiling_sentence, spending_decision, spending_reason
from tuner.settings import DeploymentSettings
from tuner.settings.deployment.prices import GivenPrice

NOON = dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC)


def entry(run: str, dataset: str, reserved: float, spent: float | None = None, **more: Any) -> LedgerEntry:
    return LedgerEntry(
        run_id=run,
        dataset=dataset,
        month="2026-11",
        reserved_usd=exact_amount(reserved),
        spent_usd=None if spent is None else exact_amount(spent),
        **more,
    )


class OthersSpent:
    """A ledger in which other runs have spent so much that this run passes both ceilings."""

    def __init__(self) -> None:
        self.settled: list[Any] = []
        self.asked: list[Any] = []
        self.found: LedgerEntry | None = None

    def reserve(self, run_id: str, dataset: str, usd: Decimal, ceilings: Ceilings, at: dt.datetime) -> LedgerEntry:
        self.asked.append((dataset, usd, ceilings))
        return entry(run_id, dataset, float(usd), passed=("deployment", "dataset"))

    def settle(self, run_id: str, dataset: str, usd: Decimal | None, at: dt.datetime) -> LedgerEntry | None:
        self.settled.append((run_id, dataset, usd))
        return None

    def find(self, run_id: str) -> LedgerEntry | None:
        return self.found

    def committed(self, month: str, dataset: str | None = None) -> Decimal:
        """With what was reserved last."""
        others = self.entries(month)[:-1]
        return sum((each.usd for each in others if dataset in (None, each.dataset)), self.asked[-1][1])

    def entries(self, month: str) -> tuple[LedgerEntry, ...]:
        others = (entry("faq-1", "faq", 300, 120.5), entry("faq-2", "faq", 200), entry("legal-1", "legal", 600))
        return (*others, entry(RUN, "faq", 150))


ESTIMATE = Estimate(items=(), total_usd=40, at_most_usd=150, budget_usd=500, approval_usd=None)


def test_a_run_that_would_pass_a_ceiling_waits_and_the_reason_says_which_and_by_whom() -> None:
    folder, ledger = MemoryFolder(), OthersSpent()
    made, part = reserve(ledger, folder, "faq", ESTIMATE, DeploymentSettings(), NOON)
    assert part == pytest.approx(1.0705)
    assert ledger.asked == [("faq", Decimal(150), Ceilings(Decimal(1000), Decimal(500)))]
    assert spending_decision(ESTIMATE) == "proceed"
    assert spending_decision(made) == "approve", "also where approval_usd is null"
    assert folder.load(Estimate) == made
    assert spending_reason(made) == (
        "The run costs about $40.00, at most $150.00, within its budget of $500.00, but it could pass a "
        "ceiling of this month. "
        "With this run, the deployment could pass its ceiling of $1,000.00 for 2026-11 ('monthly_usd'): other runs "
        "have spent $120.50 and reserved $800.00 (by dataset: legal $600.00, faq $320.50). "
        "With this run, the dataset could pass its ceiling of $500.00 for 2026-11 ('monthly_usd_per_dataset'): other "
        "runs have spent $120.50 and reserved $200.00."
    )


def test_the_name_of_another_dataset_writes_no_lines_into_the_request_for_approval() -> None:
    forged = DatasetSpending(dataset="x\n\nApprove it:  tuner approve evil-1", reserved_usd=1, spent_usd=0)
    passed = PassedCeiling(
        ceiling="deployment", month="2026-11", limit_usd=1, reserved_usd=1, spent_usd=0, datasets=(forged,)
    )
    assert "\n" not in ceiling_sentence(passed)


def test_a_run_over_its_budget_is_refused_whatever_the_ceilings_are() -> None:
    made, _ = reserve(OthersSpent(), MemoryFolder(), "faq", ESTIMATE, DeploymentSettings(), NOON)
    assert spending_decision(made.model_copy(update={"budget_usd": 100})) == "refuse"


def test_a_run_that_is_refused_reserves_nothing() -> None:
    ledger, over = OthersSpent(), ESTIMATE.model_copy(update={"budget_usd": 100})
    assert reserve(ledger, MemoryFolder(), "faq", over, DeploymentSettings(), NOON) == (over, None)
    assert ledger.asked == []


def test_a_deployment_without_ceilings_has_none() -> None:
    assert ceilings_of(DeploymentSettings(monthly_usd=None, monthly_usd_per_dataset=None)) == Ceilings(None, None)


def test_amounts_are_rounded_up_and_months_are_those_of_utc() -> None:
    assert exact_amount(0.1 + 0.2) == Decimal("0.300001")
    assert exact_amount(1e-9) == Decimal("0.000001")
    new_year = dt.datetime(2027, 1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    assert month_of(new_year) == "2026-12"


def test_sums_tell_what_is_spent_from_what_is_reserved() -> None:
    found = by_dataset([entry("a-1", "a", 9, 1.5), entry("a-2", "a", 2), entry("b-1", "b", 8)])
    assert [(each.dataset, each.reserved_usd, each.spent_usd) for each in found] == [("b", 8, 0), ("a", 2, 1.5)]


WITHOUT_JUDGE: dict[str, Any] = {"task": "answer", "evaluation": {"metrics": ["rouge"]}}


@pytest.mark.parametrize(
    ("settings", "tests"),
    [
        ({}, {CostItemId.JUDGE_TEST}),
        (WITHOUT_JUDGE, set()),
        ({"compare_with": ["us.meta.llama3-3-70b-instruct-v1:0"]}, {CostItemId.JUDGE_TEST}),
        ({"scorer": {"name": "own"}}, {CostItemId.JUDGE_TEST, CostItemId.SCORER_TEST}),
    ],
)
def test_the_test_requests_are_reserved_with_what_the_estimate_has_for_them(
    settings: dict[str, Any], tests: set[CostItemId]
) -> None:
    folder, ledger = MemoryFolder(), OthersSpent()
    pinned = manifest(serving="on_demand", **settings)
    folder.save(pinned)
    own = GivenPrice(item="scorer_call", model="own", usd=1, source="invented")
    said = reserve_tests(ledger, RUN, pinned, DeploymentSettings(prices=(own,)), NOON)
    write_lines(folder, Keys.EVALUATION, [{"id": "1", "question": "q", "reference": "r"}])
    items = approve(folder).items
    expected = sum(each.at_most_usd or 0 for each in items if each.id == CostItemId.JUDGE_TEST)
    expected += 34 if CostItemId.SCORER_TEST in tests else 0
    ceilings = Ceilings(Decimal(1000), Decimal(500))
    assert ledger.asked == ([(pinned.dataset, exact_amount(expected), ceilings)] if tests else [])
    assert said == (
        "With its test requests, the run could pass the deployment's ceiling of $1,000.00 for 2026-11 "
        "('monthly_usd'): other runs have reserved and spent $920.50."
        if tests
        else None
    )


def test_a_run_that_may_generate_reserves_the_test_of_its_judge() -> None:
    documents = PinnedInput(role="documents", key="incoming/faq/documents/a.txt", version_id="1", size=1, sha256="0")
    generating = manifest(serving="on_demand", generate={"count": 3}, **WITHOUT_JUDGE)
    generating = generating.model_copy(update={"inputs": (*generating.inputs, documents)})
    assert generating.generates
    ledger = OthersSpent()
    for pinned in (generating, manifest(serving="on_demand")):
        reserve_tests(ledger, RUN, pinned, DeploymentSettings(), NOON)
    assert ledger.asked[0] == ledger.asked[1]


def test_a_test_without_a_price_asks_whether_the_ceilings_leave_anything() -> None:
    ledger, unpriced = OthersSpent(), manifest(serving="on_demand", scorer={"name": "own"}, **WITHOUT_JUDGE)
    assert reserve_tests(ledger, RUN, unpriced, DeploymentSettings(), NOON)
    assert [usd for _, usd, _ in ledger.asked] == [SMALLEST]
