"""Reads the metrics files that a customization job writes.

Bedrock writes `.../training_artifacts/step_wise_training_metrics.csv` and `.../validation_metrics.csv`. The second one
is in one of two folders, and not always there, so both files are found by their suffix. The columns are found by the
header: `step_number`, `epoch_number` (from 1) and `training_loss` or `validation_loss`. Other columns are ignored.
"""

from __future__ import annotations

import csv
import io
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean

from tuner.artifacts.training import Epoch, TrainingStep
from tuner.core.errors import AwsError

TRAINING_SUFFIX = "step_wise_training_metrics.csv"
VALIDATION_SUFFIX = "validation_metrics.csv"


@dataclass(frozen=True, slots=True)
class Losses:
    """The losses of a job by step and by epoch. `best_epoch` is None when Bedrock wrote no metrics."""

    epochs: tuple[Epoch, ...]
    steps: tuple[TrainingStep, ...]
    best_epoch: int | None

    @property
    def epochs_run(self) -> int | None:
        """How many epochs the job trained; None when Bedrock wrote no metrics."""
        return len(self.epochs) or None

    def stopped_early(self, epochs_asked: int) -> bool:
        """Whether the job trained fewer epochs than it was asked to."""
        return self.epochs_run is not None and self.epochs_run < epochs_asked


def read_losses(files: Mapping[str, bytes]) -> Losses:
    """The losses in the metrics files (name to content) of one job.

    The best epoch is the one with the lowest validation loss, or the last one when there is no validation loss.
    """
    steps = tuple(
        TrainingStep(
            step=_whole(row, "step_number", name),
            epoch=_whole(row, "epoch_number", name),
            training_loss=_loss(row, "training_loss", name),
        )
        for name, row in _rows(files, TRAINING_SUFFIX)
    )
    # An epoch may have several validation losses: the last one counts.
    validation = {
        _whole(row, "epoch_number", name): _loss(row, "validation_loss", name)
        for name, row in _rows(files, VALIDATION_SUFFIX)
    }
    by_epoch: dict[int, list[float | None]] = defaultdict(list)
    for step in steps:
        by_epoch[step.epoch or 0].append(step.training_loss)
    epochs = tuple(
        Epoch(
            epoch=number,
            training_loss=_mean(by_epoch[number]),
            validation_loss=validation.get(number),
            steps=len(by_epoch[number]),
        )
        for number in sorted({*by_epoch, *validation})
    )
    return Losses(epochs, steps, _best(epochs))


def _rows(files: Mapping[str, bytes], suffix: str) -> Iterator[tuple[str, dict[str, str]]]:
    for name in sorted(files):
        if name.endswith(suffix):
            # "utf-8-sig" removes a byte order mark, which would become part of the first column's name.
            for row in csv.DictReader(io.StringIO(files[name].decode("utf-8-sig"))):
                yield name, {key.strip(): value for key, value in row.items() if key and value is not None}


def _whole(row: Mapping[str, str], column: str, name: str) -> int:
    return int(_number(row, column, name))


def _loss(row: Mapping[str, str], column: str, name: str) -> float | None:
    """None for "nan" and "inf", which a training that diverges writes, and which JSON cannot hold."""
    value = _number(row, column, name)
    return value if math.isfinite(value) else None


def _number(row: Mapping[str, str], column: str, name: str) -> float:
    try:
        return float(row[column])
    except (KeyError, ValueError):
        columns = ", ".join(row) or "none"
        raise AwsError(f"{name}: no number in column {column}; the row has: {columns}.") from None


def _mean(losses: Iterable[float | None]) -> float | None:
    known = [loss for loss in losses if loss is not None]
    return fmean(known) if known else None


def _best(epochs: tuple[Epoch, ...]) -> int | None:
    measured = [(epoch.validation_loss, epoch.epoch) for epoch in epochs if epoch.validation_loss is not None]
    if measured:
        return min(measured)[1]
    return epochs[-1].epoch if epochs else None
