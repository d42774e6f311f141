"""The page lists the candidates of a run: what differs between them, their losses and costs, and the choice."""

from typing import Any

import pytest

from tuner.artifacts.training import CandidateResult
from tuner.reporting import Report, page
from tuner.reporting.page.candidates_table import candidate_rows


def test_the_candidates_are_listed_with_what_differs_and_why_one_was_chosen(report: Report) -> None:
    assert report.training
    first = CandidateResult(
        number=1,
        base_model="amazon.nova-micro-v1:0:128k",
        hyperparameters={"epochCount": "1", "learningRate": "0.00001"},
        job_name="n",
        job_arn="arn",
        custom_model_arn="a",
        epochs_asked=1,
        epochs_run=1,
        validation_loss=1.5,
        chosen=True,
    )
    other = {"chosen": False, "hyperparameters": {"epochCount": "1", "learningRate": "0.00002"}}
    second = first.model_copy(update={**other, "number": 2, "validation_loss": 1.75, "adopted_from": "another-run"})
    third = first.model_copy(update={**other, "number": 3, "validation_loss": None, "failure": "It <b>failed</b>."})
    training = report.training.model_copy(
        update={"candidates": (first, second, third), "choice": "Candidate 1 was chosen: why."}
    )
    made = report.model_copy(update={"training": training})
    rows = candidate_rows(made)
    assert [row.differs for row in rows] == [f"learningRate {rate}" for rate in ("0.00001", "0.00002", "0.00002")]
    assert [row.result for row in rows] == ["chosen", "not chosen, trained by the run another-run", "It <b>failed</b>."]
    # 46,050 tokens were planned for the three together.
    assert [row.usd for row in rows] == [pytest.approx(0.04605 / 3), 0.0, pytest.approx(0.04605 / 3)]
    shown = page(made)
    assert "Candidate 1 was chosen: why." in shown
    assert "<b>failed" not in shown
    assert "are deleted after this report" in shown
    assert "Candidate 1" not in page(report)


def test_base_models_that_differ_are_named(report: Report) -> None:
    assert report.training
    each: dict[str, Any] = {"hyperparameters": {"epochCount": "1"}, "job_name": "n", "epochs_asked": 1}
    names = ("amazon.nova-micro-v1:0:128k", "amazon.nova-lite-v1:0:300k")
    candidates = tuple(CandidateResult(number=at, base_model=name, **each) for at, name in enumerate(names, 1))
    training = report.training.model_copy(update={"candidates": candidates})
    rows = candidate_rows(report.model_copy(update={"training": training}))
    assert [row.differs for row in rows] == ["Nova Micro", "Nova Lite"]
