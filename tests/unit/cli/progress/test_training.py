"""Progress of the customization job, from Bedrock and from the local cloud."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.cli.fake_aws import FakeAws
from tuner.cli import deployment
from tuner.cli.progress import training

STAGES = {
    "validationDetails": {"status": "Completed"},
    "dataProcessingDetails": {"status": "Completed"},
    "trainingDetails": {"status": "InProgress"},
}


@pytest.fixture
def at(aws: FakeAws) -> deployment.Deployment:
    return deployment.find("BedrockTuner")


def rows(*epochs: tuple[float, ...]) -> list[dict[str, Any]]:
    return [
        {"step_number": step, "epoch_number": number, "training_loss": loss}
        for number, losses in enumerate(epochs, 1)
        for step, loss in enumerate(losses)
    ]


def with_progress(report: dict[str, Any]) -> training.TrainingProgress:
    return training.with_steps(training.TrainingProgress("InProgress"), training.LocalProgress.model_validate(report))


def test_there_is_no_progress_before_there_is_a_job(at: deployment.Deployment) -> None:
    assert training.progress(at, "faq-1") is None


def test_aws_reports_stages_only(aws: FakeAws, at: deployment.Deployment) -> None:
    aws.job = {"status": "InProgress", "statusDetails": STAGES}
    found = training.progress(at, "faq-1")
    assert found is not None
    assert found.stages == (("validation", "Completed"), ("data processing", "Completed"), ("training", "InProgress"))
    assert found.steps == 0
    assert aws.calls("GetModelCustomizationJob") == [{"jobIdentifier": "tuner-faq-1"}]


def test_of_several_candidates_each_status_is_shown(aws: FakeAws, at: deployment.Deployment) -> None:
    record = {"run_id": "faq-1", "trained_by": "faq-1", "recorded_at": "2026-11-23T07:00:00Z"}
    started = {"job_name": "tuner-faq-1-candidate-1", "job_arn": "arn:job"}
    waiting, refused = {"job_name": "tuner-faq-1-candidate-2"}, {"job_name": "n", "refused": "the batch is too large"}
    for number, own in enumerate((started, waiting, refused), 1):
        aws.put("faq-1", f"candidates/{number}/training/job.json", record | own)
    aws.job = {"status": "InProgress", "statusDetails": STAGES}
    found = training.progress(at, "faq-1")
    assert found == training.TrainingProgress(
        "InProgress",
        (("candidate 1", "InProgress"), ("candidate 2", "waits for a place"), ("candidate 3", "refused")),
    )


def test_an_epoch_is_done_when_the_next_begins_or_its_validation_is_known() -> None:
    counted = {"step": 5, "steps": 8, "epoch": 3, "epochs": 4}
    losses = rows((2.0, 1.0), (1.0, 0.5), (0.25,))
    validation = [{"epoch_number": 1, "validation_loss": 3.0}]
    found = with_progress({**counted, "training": losses, "validation": validation})
    assert found.done == (training.EpochLosses(1, 1.5, 3.0), training.EpochLosses(2, 0.75, None))
    assert (found.step, found.steps, found.loss) == (5, 8, 0.25)
    validation = [{"epoch_number": 3, "validation_loss": 2.0}]
    found = with_progress({**counted, "training": losses, "validation": validation})
    assert found.done[-1] == training.EpochLosses(3, 0.25, 2.0)


def test_stages_are_used_when_the_local_cloud_reports_no_progress(
    aws: FakeAws, at: deployment.Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "local_endpoint", lambda: "https://127.0.0.1:1")
    monkeypatch.setattr(training, "_local_progress", lambda name: None)
    aws.job = {"status": "InProgress", "statusDetails": STAGES}
    found = training.progress(at, "faq-1")
    assert found is not None
    assert found.steps == 0
