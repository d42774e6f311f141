"""Describes overfitting and underfitting in sentences, from the losses of the epochs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tuner.artifacts.training import Epoch, TrainingSummary
from tuner.reporting.formatting import integer, number

# Changes below 1 % of the loss count as noise.
_NOISE = 0.01


def training_diagnosis(training: TrainingSummary) -> tuple[str, ...]:
    """The diagnosis, one sentence each: adoption and early stopping first, then the losses."""
    return tuple(_sentences(training))


def _sentences(training: TrainingSummary) -> Iterator[str]:
    if training.adopted_from:
        yield (
            f"No training was needed: the run uses the model of the run {training.adopted_from}, which has the same "
            "data, base model and hyperparameters."
        )
    if training.stopped_early and training.epochs_run:
        requested = f" of {integer(training.epochs_asked)}" if training.epochs_asked else ""
        yield f"Training stopped early, after {integer(training.epochs_run)}{requested} epochs."
    validated = [epoch for epoch in training.epochs if epoch.validation_loss is not None]
    if len(validated) >= 2:
        yield _by_validation(validated)
    elif training.epochs:
        count = "no validation loss" if not validated else "the validation loss of one epoch only"
        yield f"There is {count}, so overfitting cannot be detected."


def _by_validation(epochs: Sequence[Epoch]) -> str:
    losses = [epoch.validation_loss or 0.0 for epoch in epochs]
    at = min(range(len(losses)), key=losses.__getitem__)
    best, last = losses[at], losses[-1]
    if last > best * (1 + _NOISE):
        return (
            f"Overfitting after epoch {integer(epochs[at].epoch)}: the validation loss was lowest there "
            f"({number(best)}) and rose to {number(last)}{_training_loss(epochs[at], epochs[-1])}. Use fewer epochs, "
            "a lower learning rate or more varied training data."
        )
    if last < losses[-2] * (1 - _NOISE):
        return (
            f"Underfitting: the validation loss was still falling in the last epoch (from {number(losses[-2])} to "
            f"{number(last)}), so more epochs or a higher learning rate can help."
        )
    return f"A good fit: the validation loss settled at {number(last)}."


def _training_loss(best: Epoch, last: Epoch) -> str:
    if best.training_loss is None or last.training_loss is None or last.training_loss >= best.training_loss:
        return ""
    return f", while the training loss fell to {number(last.training_loss)}"
