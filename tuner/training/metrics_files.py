"""Sums up the metrics files that a customization job writes.

Bedrock writes `.../training_artifacts/step_wise_training_metrics.csv` and `.../validation_metrics.csv`, the second in
one of two folders and not always: both are matched by their suffix, their columns by the header. Rows are
`step_number`, `epoch_number` (from 1) and `training_loss` or `validation_loss`; further columns are passed over.
"""

from __future__ import annotations

import csv
import io
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from statistics import fmean

from tuner.core.errors import AwsError

TRAINING_SUFFIX = "step_wise_training_metrics.csv"
VALIDATION_SUFFIX = "validation_metrics.csv"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of training; the loss is None where Bedrock wrote none that is finite."""

    step: int
    epoch: int
    training_loss: float | None


@dataclass(frozen=True, slots=True)
class Epoch:
    """The mean training loss over an epoch's steps, and its last validation loss."""

    epoch: int
    training_loss: float | None
    validation_loss: float | None
    steps: int


@dataclass(frozen=True, slots=True)
class Metrics:
    """`epochs_run` and `best_epoch` are None when Bedrock wrote no metrics."""

    epochs: tuple[Epoch, ...]
    steps: tuple[Step, ...]
    best_epoch: int | None
    epochs_asked: int
    epochs_run: int | None
    stopped_early: bool

    def as_document(self) -> dict[str, object]:
        """The part of `training/summary.json` that is about losses."""
        return asdict(self)


def summarize(files: Mapping[str, bytes], epochs_asked: int) -> Metrics:
    """The losses in the metrics files (name to content) of one job.

    The best epoch is the one with the lowest validation loss, or the last where there is none.
    """
    steps = tuple(
        Step(_whole(row, "step_number", name), _whole(row, "epoch_number", name), _loss(row, "training_loss", name))
        for name, row in _rows(files, TRAINING_SUFFIX)
    )
    validation = {
        _whole(row, "epoch_number", name): _loss(row, "validation_loss", name)
        for name, row in _rows(files, VALIDATION_SUFFIX)
    }
    by_epoch: dict[int, list[float | None]] = defaultdict(list)
    for step in steps:
        by_epoch[step.epoch].append(step.training_loss)
    epochs = tuple(
        Epoch(number, _mean(by_epoch[number]), validation.get(number), len(by_epoch[number]))
        for number in sorted({*by_epoch, *validation})
    )
    epochs_run = len(epochs) or None
    return Metrics(
        epochs=epochs,
        steps=steps,
        best_epoch=_best(epochs),
        epochs_asked=epochs_asked,
        epochs_run=epochs_run,
        stopped_early=epochs_run is not None and epochs_run < epochs_asked,
    )


def _rows(files: Mapping[str, bytes], suffix: str) -> Iterator[tuple[str, dict[str, str]]]:
    for name in sorted(files):
        if name.endswith(suffix):
            for row in csv.DictReader(io.StringIO(files[name].decode("utf-8-sig"))):
                yield name, {key.strip(): value for key, value in row.items() if key and value is not None}


def _whole(row: Mapping[str, str], column: str, name: str) -> int:
    return int(_number(row, column, name))


def _loss(row: Mapping[str, str], column: str, name: str) -> float | None:
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
