"""Over- and underfitting in words, from the losses of the epochs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tuner.artifacts.training import Epoch, TrainingSummary
from tuner.reporting.formatting import number, whole

# Smaller changes than this share of the loss are taken for noise: neither a rise nor a fall.
_NOISE = 0.01


def fit(training: TrainingSummary) -> tuple[str, ...]:
    """What the losses say, a sentence each. Early stopping first, when it happened."""
    return tuple(_sentences(training))


def _sentences(training: TrainingSummary) -> Iterator[str]:
    if training.adopted_from:
        yield (
            f"Nothing was trained: the run adopted the model of the run {training.adopted_from}, which has the same "
            "data, base model and hyperparameters."
        )
    if training.stopped_early and training.epochs_run:
        asked = f" of the {whole(training.epochs_asked)} asked for" if training.epochs_asked else ""
        yield f"Training stopped early, after {whole(training.epochs_run)}{asked} epochs."
    validated = [epoch for epoch in training.epochs if epoch.validation_loss is not None]
    if len(validated) >= 2:
        yield _by_validation(validated)
    elif training.epochs:
        count = "no validation loss" if not validated else "the validation loss of one epoch only"
        yield f"There is {count}, so nothing tells learning from memorising."


def _by_validation(epochs: Sequence[Epoch]) -> str:
    losses = [epoch.validation_loss or 0.0 for epoch in epochs]
    at = min(range(len(losses)), key=losses.__getitem__)
    best, last = losses[at], losses[-1]
    if last > best * (1 + _NOISE):
        return (
            f"Overfitting after epoch {whole(epochs[at].epoch)}: the validation loss was lowest there ({number(best)}) "
            f"and rose to {number(last)}{_still_learning(epochs[at], epochs[-1])}. Fewer epochs, a lower learning rate "
            "or more varied training data would help."
        )
    if last < losses[-2] * (1 - _NOISE):
        return (
            f"Underfitting: the validation loss was still falling in the last epoch (from {number(losses[-2])} to "
            f"{number(last)}), so more epochs or a higher learning rate may help."
        )
    return f"A good fit: the validation loss came to rest at {number(last)}."


def _still_learning(best: Epoch, last: Epoch) -> str:
    if best.training_loss is None or last.training_loss is None or last.training_loss >= best.training_loss:
        return ""
    return f", while the training loss went on falling to {number(last.training_loss)}"
