"""Describes overfitting and underfitting in sentences, from the losses of the epochs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tuner.artifacts.training import Epoch, TrainingSummary
from tuner.reporting.formatting import integer, number

# Changes below 1 % of the loss count as noise.
_NOISE = 0.01

FitKind = Literal["overfitting", "underfitting", "good"]


@dataclass(frozen=True, slots=True)
class Fit:
    """What the validation losses show. `best` is the epoch with the lowest one."""

    kind: FitKind
    best: Epoch
    before_last: Epoch
    last: Epoch


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
    if found := fit(training):
        yield _sentence(found)
    elif training.epochs:
        validated = any(epoch.validation_loss is not None for epoch in training.epochs)
        count = "no validation loss" if not validated else "the validation loss of one epoch only"
        yield f"There is {count}, so overfitting cannot be detected."


def fit(training: TrainingSummary) -> Fit | None:
    """How the validation losses developed; None without two of them."""
    epochs = [epoch for epoch in training.epochs if epoch.validation_loss is not None]
    if len(epochs) < 2:
        return None
    losses = [epoch.validation_loss or 0.0 for epoch in epochs]
    at = min(range(len(losses)), key=losses.__getitem__)
    overfits, falls = losses[-1] > losses[at] * (1 + _NOISE), losses[-1] < losses[-2] * (1 - _NOISE)
    kind: FitKind = "overfitting" if overfits else "underfitting" if falls else "good"
    return Fit(kind, epochs[at], epochs[-2], epochs[-1])


def _sentence(fit: Fit) -> str:
    last = number(fit.last.validation_loss)
    if fit.kind == "overfitting":
        return (
            f"Overfitting after epoch {integer(fit.best.epoch)}: the validation loss was lowest there "
            f"({number(fit.best.validation_loss)}) and rose to {last}{_training_loss(fit.best, fit.last)}. Use fewer "
            "epochs, a lower learning rate or more varied training data."
        )
    if fit.kind == "underfitting":
        return (
            "Underfitting: the validation loss was still falling in the last epoch (from "
            f"{number(fit.before_last.validation_loss)} to {last}), so more epochs or a higher learning rate can help."
        )
    return f"A good fit: the validation loss settled at {last}."


def _training_loss(best: Epoch, last: Epoch) -> str:
    if best.training_loss is None or last.training_loss is None or last.training_loss >= best.training_loss:
        return ""
    return f", while the training loss fell to {number(last.training_loss)}"
