"""What the run used, at the estimate's prices."""

import json

import pytest

from tests.unit.reporting.sample import artifacts
from tuner.costs.estimate import Questions, estimate
from tuner.reporting.model import Bill, Estimate, Question, Report, Serving, Training
from tuner.reporting.money import bill
from tuner.run import Keys, Manifest


def used(report: Report, **changes: object) -> dict[str, float | None]:
    made = report.model_copy(update=changes)
    found = bill(made.estimate, made.training, made.serving, made.questions)
    assert found
    return {item.name: item.quantity for item in found.items}


def test_what_was_used_is_priced_as_estimated(report: Report) -> None:
    found = report.bill
    assert isinstance(found, Bill)
    assert {item.name: item.usd for item in found.items} == {
        "Training": pytest.approx(0.04605),
        "Provisioned throughput": pytest.approx(108.15),
        "Judge": None,
    }
    assert (found.total_usd, found.unknown) == (pytest.approx(108.19605), ("Judge",))


def test_early_stopping_trains_fewer_tokens(report: Report) -> None:
    training = report.training.model_copy(update={"epochs_run": 2})
    assert used(report, training=training)["Training"] == pytest.approx(46_050 * 2 / 5)


def test_what_is_begun_of_an_hour_is_counted_whole(report: Report) -> None:
    serving = report.serving.model_copy(update={"paid_seconds": 3601.0, "model_units": 2})
    assert used(report, serving=serving)["Provisioned throughput"] == 4


def test_a_term_is_paid_in_full(report: Report) -> None:
    serving = report.serving.model_copy(update={"commitment": "OneMonth"})
    assert used(report, serving=serving)["Provisioned throughput"] == 1


def test_nothing_used_is_no_bill(report: Report) -> None:
    assert bill(report.estimate, None, None, ()) is None
    assert bill(None, report.training, report.serving, report.questions) is None


@pytest.mark.parametrize("serving", ["provisioned", "on_demand"])
def test_every_item_of_a_real_estimate_but_the_judges_is_counted(serving: str) -> None:
    """The names are the estimate's own: should one change there, its use would be lost here."""
    document = json.loads(artifacts()[Keys.MANIFEST])
    document["settings"]["serving"] = serving
    made = estimate(
        Manifest.model_validate(document), 9_210, Questions(count=8, question_tokens=80, reference_tokens=400), 500
    )
    answer = {"answer": "a", "input_tokens": 10, "output_tokens": 20}
    question = Question.model_validate({"id": "1", "question": "q", "base": answer, "tuned": answer})
    training = Training(custom_model_arn="arn", epochs_asked=5, epochs_run=5)
    endpoint = Serving(kind=serving, paid_seconds=60, model_units=1)
    found = bill(Estimate.model_validate(made.model_dump()), training, endpoint, [question])
    assert found
    assert {item.name for item in found.items if item.quantity is None} == {"Judge, reading", "Judge, verdicts"}
    counted = {item.name: item.quantity for item in found.items}
    assert (counted["Training"], counted["Base model, answers"]) == (5 * 9_210, 20)
