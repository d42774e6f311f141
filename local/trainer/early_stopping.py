"""Early stopping by the rule of Bedrock's hyperparameters."""

from __future__ import annotations

import math

from local.trainer.spec import EarlyStopping


class EarlyStop:
    """Follows the validation loss. Without a rule it never stops: the model family has no early stopping."""

    def __init__(self, rule: EarlyStopping | None) -> None:
        self._rule = rule
        self._best = math.inf
        self._reference = math.inf
        self._stagnant = 0
        self.best_epoch: int | None = None

    def improved(self, epoch: int, loss: float) -> bool:
        """Records the loss of an epoch. Returns whether it is the lowest so far.

        An improvement that is smaller than the threshold makes the epoch the best one, but counts as stagnation.
        """
        lowest = loss < self._best
        if lowest:
            self._best, self.best_epoch = loss, epoch
        threshold = self._rule.threshold if self._rule else 0.0
        if self._reference - loss > threshold:
            self._reference, self._stagnant = loss, 0
        else:
            self._stagnant += 1
        return lowest

    @property
    def reached(self) -> bool:
        """Whether the loss has stagnated for as many epochs as the patience of the rule."""
        return self._rule is not None and self._stagnant >= self._rule.patience
