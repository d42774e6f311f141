"""The diagnosis of the training from its losses."""

import pytest

from tuner.artifacts.training import Epoch, TrainingSummary
from tuner.reporting.collect.training_diagnosis import training_diagnosis


def said(*losses: tuple[float, float | None], **facts: object) -> str:
    epochs = tuple(
        Epoch(epoch=at, training_loss=loss, validation_loss=held) for at, (loss, held) in enumerate(losses, 1)
    )
    return " ".join(
        training_diagnosis(
            TrainingSummary.model_validate({"epochs": [epoch.model_dump() for epoch in epochs], **facts})
        )
    )


def test_a_validation_loss_that_rises_again_is_overfitting() -> None:
    text = said((2.5, 3.2), (1.4, 2.7), (0.9, 3.1))
    assert text.startswith("Overfitting after epoch 2")
    assert "while the training loss fell to 0.900" in text


def test_a_validation_loss_that_still_falls_is_underfitting() -> None:
    assert said((2.5, 3.2), (2.1, 2.9), (1.9, 2.7)).startswith("Underfitting")


def test_a_validation_loss_that_settles_is_a_good_fit() -> None:
    assert said((2.5, 3.2), (1.9, 2.700), (1.8, 2.705)).startswith("A good fit")


@pytest.mark.parametrize("losses", [[(2.5, None), (1.9, None)], [(2.5, 3.0)]])
def test_too_few_validation_losses_give_no_diagnosis(losses: list[tuple[float, float | None]]) -> None:
    assert "overfitting cannot be detected" in said(*losses)


def test_early_stopping_comes_first() -> None:
    text = said((2.5, 3.2), (1.4, 2.7), (0.9, 3.1), stopped_early=True, epochs_run=3, epochs_asked=10)
    assert text.startswith("Training stopped early, after 3 of 10 epochs.")


def test_no_epochs_give_no_diagnosis() -> None:
    assert training_diagnosis(TrainingSummary()) == ()
