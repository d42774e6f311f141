"""Tests of reading the metrics files that Bedrock writes."""

import pytest

from tuner.core.errors import AwsError
from tuner.training.metrics_files import Losses, read_losses

TRAINING = "training/output/model-customization-job-abc/training_artifacts/step_wise_training_metrics.csv"
VALIDATION = "training/output/model-customization-job-abc/validation_artifacts/post_fine_tuning_validation/"


def losses(training: str, validation: str | None = None, folder: str = "") -> Losses:
    files = {TRAINING: training.encode(), "training/output/manifest.json": b"{}"}
    if validation is not None:
        files[f"{VALIDATION}{folder}validation_metrics.csv"] = validation.encode()
    return read_losses(files)


STEPS = "step_number,epoch_number,training_loss\n0,1,3.0\n1,1,2.0\n2,2,1.5\n3,2,0.5\n"
LOSSES = "step_number,epoch_number,validation_loss\n1,1,2.5\n3,2,2.75\n"


@pytest.mark.parametrize("folder", ["", "validation/"])
def test_the_mean_of_each_epoch_and_its_validation_loss(folder: str) -> None:
    found = losses(STEPS, LOSSES, folder=folder)
    assert [(e.epoch, e.training_loss, e.validation_loss, e.steps) for e in found.epochs] == [
        (1, 2.5, 2.5, 2),
        (2, 1.0, 2.75, 2),
    ]


def test_the_best_epoch_has_the_lowest_validation_loss_not_the_lowest_training_loss() -> None:
    assert losses(STEPS, LOSSES).best_epoch == 1


def test_without_validation_the_last_epoch_is_the_best() -> None:
    found = losses(STEPS)
    assert found.best_epoch == 2
    assert [epoch.validation_loss for epoch in found.epochs] == [None, None]


@pytest.mark.parametrize(("asked", "early"), [(3, True), (2, False)])
def test_a_job_with_fewer_epochs_than_asked_stopped_early(asked: int, early: bool) -> None:
    found = losses(STEPS, LOSSES)
    assert (found.epochs_run, found.stopped_early(asked)) == (2, early)


def test_columns_are_found_by_their_header_and_other_columns_are_ignored() -> None:
    found = losses("\ufeffepoch_number, training_loss,perplexity,step_number\n1,2.0,7.4,5\n")
    assert [(step.step, step.epoch, step.training_loss) for step in found.steps] == [(5, 1, 2.0)]


def test_numbers_may_be_written_with_a_decimal_point() -> None:
    assert losses("step_number,epoch_number,training_loss\n0.0,1.0,2\n").steps[0].epoch == 1


def test_a_loss_that_is_not_finite_is_null_and_not_part_of_the_mean() -> None:
    found = losses(
        "step_number,epoch_number,training_loss\n0,1,nan\n1,1,2.0\n2,2,inf\n",
        "step_number,epoch_number,validation_loss\n1,1,nan\n2,2,3.0\n",
    )
    assert [epoch.training_loss for epoch in found.epochs] == [2.0, None]
    assert found.best_epoch == 2


def test_a_job_without_metrics_did_not_stop_early() -> None:
    found = read_losses({})
    assert (found.epochs, found.best_epoch, found.epochs_run, found.stopped_early(3)) == ((), None, None, False)


def test_a_missing_column_names_the_file_and_what_it_has() -> None:
    with pytest.raises(
        AwsError, match=r"step_wise_training_metrics\.csv.*training_loss.*step_number, epoch_number, loss"
    ):
        losses("step_number,epoch_number,loss\n0,1,3.0\n")
