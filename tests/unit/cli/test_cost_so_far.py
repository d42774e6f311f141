"""Money so far: never less than what was begun, and what is unknown is said."""

from typing import Any

import pytest

from tuner.cli.progress.cost_so_far import so_far
from tuner.cli.progress.paid_window import PaidWindow
from tuner.cli.progress.steps import Mark
from tuner.cli.progress.training import STEP, Training

ITEMS = {
    "Training": 4.0,
    "Custom model storage": 1.95,
    "Base model, questions": 0.1,
    "Base model, answers": 0.2,
    "Provisioned throughput": 40.0,
    "Judge, reading": None,
    "Judge, verdicts": None,
    "Lambda, time": 0.01,
}
ESTIMATE = {"items": [{"name": name, "usd": usd} for name, usd in ITEMS.items()]}
DONE: dict[str, Mark] = {"Answer with the base model": "done"}


def window(opened: str, closed: str | None, hourly: float | None) -> PaidWindow:
    return PaidWindow("provisioned", opened, closed, hourly)


@pytest.mark.parametrize(
    ("marks", "job", "said"),
    [
        ({}, None, "at most $0.00"),
        ({"Answer with the base model": "waiting"}, None, "at most $0.00"),
        ({"Answer with the base model": "skipped"}, None, "at most $0.00"),
        ({"Answer with the base model": "running"}, None, "at most $0.30"),
        ({**DONE, STEP: "running"}, Training("InProgress"), "at most $4.30"),
        ({**DONE, STEP: "running"}, Training("InProgress", step=1, steps=4), "at most $1.30"),
        ({**DONE, STEP: "done"}, Training("Completed", step=1, steps=4), "at most $4.30"),
        ({**DONE, STEP: "done", "Summarize the training": "done"}, None, "at most $6.25"),
        ({**DONE, "Score the answers": "running"}, None, "at most $0.30 and 2 unknown prices"),
    ],
)
def test_what_has_begun_is_counted(marks: dict[str, Mark], job: Training | None, said: str) -> None:
    assert so_far(ESTIMATE, marks, job, None) == said


def test_a_begun_hour_of_throughput_is_counted_whole() -> None:
    short = window("2026-11-23T08:00:00Z", "2026-11-23T08:01:40Z", 20.0)
    longer = window("2026-11-23T08:00:00Z", "2026-11-23T09:00:01Z", 20.0)
    assert so_far(ESTIMATE, DONE, None, short) == "at most $20.30"
    assert so_far(ESTIMATE, DONE, None, longer) == "at most $40.30"
    assert short.sentence() == "closed after 1 min 40 s, at most $20.00"


def test_throughput_of_unknown_price_is_said() -> None:
    unknown = window("2026-11-23T08:00:00Z", None, None)
    assert so_far(ESTIMATE, DONE, None, unknown) == "at most $0.30 and 1 unknown price"


def test_a_deployment_is_paid_by_the_token() -> None:
    marks: dict[str, Mark] = {"Answer with the tuned model": "running"}
    estimate: dict[str, Any] = {"items": [{"name": "Tuned model, answers", "usd": 0.5}]}
    deployed = PaidWindow("on_demand", "2026-11-23T08:00:00Z", None, None)
    assert so_far(estimate, marks, None, deployed) == "at most $0.50"


def test_before_the_estimate_nothing_is_said() -> None:
    assert so_far(None, DONE, None, None) == ""
