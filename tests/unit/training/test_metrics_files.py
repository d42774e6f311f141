"""The losses of a job, from the files that Bedrock writes, wherever it writes them."""

import json

import pytest

from tuner.core.errors import AwsError
from tuner.training.metrics_files import Metrics, summarize

TRAINING = "training/output/model-customization-job-abc/training_artifacts/step_wise_training_metrics.csv"
VALIDATION = "training/output/model-customization-job-abc/validation_artifacts/post_fine_tuning_validation/"


def metrics(training: str, validation: str | None = None, asked: int = 3, folder: str = "") -> Metrics:
    files = {TRAINING: training.encode(), "training/output/manifest.json": b"{}"}
    if validation is not None:
        files[f"{VALIDATION}{folder}validation_metrics.csv"] = validation.encode()
    return summarize(files, asked)


STEPS = "step_number,epoch_number,training_loss\n0,1,3.0\n1,1,2.0\n2,2,1.5\n3,2,0.5\n"
LOSSES = "step_number,epoch_number,validation_loss\n1,1,2.5\n3,2,2.75\n"


@pytest.mark.parametrize("folder", ["", "validation/"])
def test_the_mean_of_each_epoch_and_its_validation_loss(folder: str) -> None:
    found = metrics(STEPS, LOSSES, folder=folder)
    assert [(e.epoch, e.training_loss, e.validation_loss, e.steps) for e in found.epochs] == [
        (1, 2.5, 2.5, 2),
        (2, 1.0, 2.75, 2),
    ]


def test_the_best_epoch_has_the_lowest_validation_loss_not_the_lowest_training_loss() -> None:
    assert metrics(STEPS, LOSSES).best_epoch == 1


def test_without_validation_the_last_epoch_is_the_best() -> None:
    found = metrics(STEPS)
    assert found.best_epoch == 2
    assert [epoch.validation_loss for epoch in found.epochs] == [None, None]


@pytest.mark.parametrize(("asked", "early"), [(3, True), (2, False)])
def test_fewer_epochs_than_asked_is_an_early_stop(asked: int, early: bool) -> None:
    found = metrics(STEPS, LOSSES, asked)
    assert (found.epochs_asked, found.epochs_run, found.stopped_early) == (asked, 2, early)


def test_columns_are_found_by_their_header_and_others_passed_over() -> None:
    found = metrics("\ufeffepoch_number, training_loss,perplexity,step_number\n1,2.0,7.4,5\n")
    assert [(step.step, step.epoch, step.training_loss) for step in found.steps] == [(5, 1, 2.0)]


def test_numbers_may_be_written_with_a_decimal_point() -> None:
    assert metrics("step_number,epoch_number,training_loss\n0.0,1.0,2\n").steps[0].epoch == 1


def test_a_loss_that_is_no_number_is_left_out_of_the_mean_and_of_the_json() -> None:
    found = metrics(
        "step_number,epoch_number,training_loss\n0,1,nan\n1,1,2.0\n2,2,inf\n",
        "step_number,epoch_number,validation_loss\n1,1,nan\n2,2,3.0\n",
    )
    assert [epoch.training_loss for epoch in found.epochs] == [2.0, None]
    assert found.best_epoch == 2
    json.dumps(found.as_document(), allow_nan=False)


def test_no_metrics_at_all_is_no_early_stop() -> None:
    found = summarize({}, 3)
    assert (found.epochs, found.best_epoch, found.epochs_run, found.stopped_early) == ((), None, None, False)


def test_a_missing_column_names_the_file_and_what_it_has() -> None:
    with pytest.raises(
        AwsError, match=r"step_wise_training_metrics\.csv.*training_loss.*step_number, epoch_number, loss"
    ):
        metrics("step_number,epoch_number,loss\n0,1,3.0\n")
