"""The cost so far counts everything that has begun, and names unknown prices."""

import pytest

from tuner.artifacts.costs.cost_items import CostItemId
from tuner.artifacts.costs.estimate import CostItem, Estimate
from tuner.cli.progress.cost_so_far import SpentSoFar, cost_so_far
from tuner.cli.progress.paid_window import PaidWindow
from tuner.cli.progress.steps import Mark
from tuner.cli.progress.training import STEP, TrainingProgress

ITEMS: dict[CostItemId, float | None] = {
    CostItemId.TRAINING: 4.0,
    CostItemId.CUSTOM_MODEL_STORAGE: 1.95,
    CostItemId.BASE_MODEL_INPUT: 0.1,
    CostItemId.BASE_MODEL_OUTPUT: 0.2,
    CostItemId.THROUGHPUT: 40.0,
    CostItemId.JUDGE_INPUT: None,
    CostItemId.JUDGE_OUTPUT: None,
    CostItemId.LAMBDA_TIME: 0.01,
}


def estimated(items: dict[CostItemId, float | None]) -> Estimate:
    lines = tuple(CostItem(id=item, name="label", usd=usd) for item, usd in items.items())
    return Estimate(items=lines, total_usd=0, budget_usd=500)


ESTIMATE = estimated(ITEMS)
DONE: dict[str, Mark] = {"Answer with the base model": "done"}


def window(opened: str, closed: str | None, hourly: float | None) -> PaidWindow:
    return PaidWindow("provisioned", opened, closed, hourly)


def said_of(spent: SpentSoFar | None) -> str:
    return spent.sentence() if spent else ""


@pytest.mark.parametrize(
    ("marks", "job", "said"),
    [
        ({}, None, "at most $0.00"),
        ({"Answer with the base model": "waiting"}, None, "at most $0.00"),
        ({"Answer with the base model": "skipped"}, None, "at most $0.00"),
        ({"Answer with the base model": "running"}, None, "at most $0.30"),
        ({**DONE, STEP: "running"}, TrainingProgress("InProgress"), "at most $4.30"),
        ({**DONE, STEP: "running"}, TrainingProgress("InProgress", step=1, steps=4), "at most $1.30"),
        ({**DONE, STEP: "running"}, TrainingProgress("InProgress", (("training", "NotStarted"),)), "at most $0.30"),
        ({**DONE, STEP: "done"}, TrainingProgress("Completed", step=1, steps=4), "at most $4.30"),
        ({**DONE, STEP: "done", "Summarize the training": "done"}, None, "at most $6.25"),
        ({**DONE, "Score the answers": "running"}, None, "at most $0.30 and 2 unknown prices"),
    ],
)
def test_items_count_from_the_start_of_their_state(
    marks: dict[str, Mark], job: TrainingProgress | None, said: str
) -> None:
    assert said_of(cost_so_far(ESTIMATE, marks, job, None)) == said


def test_begun_hours_of_throughput_count_whole() -> None:
    short = window("2026-11-23T08:00:00Z", "2026-11-23T08:01:40Z", 20.0)
    longer = window("2026-11-23T08:00:00Z", "2026-11-23T09:00:01Z", 20.0)
    assert said_of(cost_so_far(ESTIMATE, DONE, None, short)) == "at most $20.30"
    assert said_of(cost_so_far(ESTIMATE, DONE, None, longer)) == "at most $40.30"
    assert short.sentence() == "closed after 1 min 40 s, at most $20.00"


def test_an_unknown_price_of_throughput_is_named() -> None:
    unknown = window("2026-11-23T08:00:00Z", None, None)
    assert said_of(cost_so_far(ESTIMATE, DONE, None, unknown)) == "at most $0.30 and 1 unknown price"


def test_an_on_demand_deployment_is_paid_by_token() -> None:
    marks: dict[str, Mark] = {"Answer with the tuned model": "running"}
    estimate = estimated({CostItemId.TUNED_MODEL_OUTPUT: 0.5})
    deployed = PaidWindow("on_demand", "2026-11-23T08:00:00Z", None, None)
    assert said_of(cost_so_far(estimate, marks, None, deployed)) == "at most $0.50"


def test_without_an_estimate_there_is_no_cost() -> None:
    assert cost_so_far(None, DONE, None, None) is None


def test_what_was_spent_never_gets_less() -> None:
    """A job that does not report its steps yet counts whole, and then by its share."""
    seen, shown = None, []
    for job in (None, TrainingProgress("InProgress"), TrainingProgress("InProgress", step=1, steps=4)):
        spent = cost_so_far(ESTIMATE, {**DONE, STEP: "running"}, job, None)
        assert spent
        seen = spent.after(seen)
        shown.append(seen.usd)
    assert shown == sorted(shown)
    assert SpentSoFar(1.0, 2).after(SpentSoFar(2.0, 0)) == SpentSoFar(2.0, 2)
