"""Prepares the confusion matrices of a classification for the page."""

from __future__ import annotations

from dataclasses import dataclass

from tuner.artifacts.evaluation.contestants import BASE, MAIN, TUNED, ContestantName
from tuner.artifacts.evaluation.task_details import ClassificationDetails

# A larger matrix is not readable: the most frequent confusions are listed instead.
_MOST_LABELS = 20
_MOST_CONFUSIONS = 20
_TITLES = {BASE: "Base model", TUNED: "Tuned model"}


@dataclass(frozen=True, slots=True)
class Cell:
    """How many answers to questions with the row's label had the column's label. `share` is their share of the row."""

    count: int
    share: float
    right: bool


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """The answers to the questions of one label."""

    label: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Mistake:
    """How often the answer was another one than the label."""

    label: str
    answer: str
    count: int


@dataclass(frozen=True, slots=True)
class ConfusionTable:
    """The matrix of one model, or its most frequent mistakes where the matrix would be too large."""

    which: ContestantName
    title: str
    columns: tuple[str, ...]
    rows: tuple[MatrixRow, ...]
    mistakes: tuple[Mistake, ...]


def confusion_tables(details: ClassificationDetails) -> tuple[ConfusionTable, ...]:
    """The table of each model."""
    return tuple(_table(details, name) for name in MAIN)


def _table(details: ClassificationDetails, name: ContestantName) -> ConfusionTable:
    if len(details.labels) > _MOST_LABELS:
        return ConfusionTable(name, _TITLES[name], (), (), _mistakes(details, name))
    said = {answer for row in details.confusion for answer in row.by_contestant.get(name, {})}
    others = (ClassificationDetails.OUTSIDE, ClassificationDetails.NO_ANSWER)
    columns = (*details.labels, *(other for other in others if other in said))
    rows = tuple(_row(row.label, row.by_contestant.get(name, {}), columns) for row in details.confusion)
    return ConfusionTable(name, _TITLES[name], columns, rows, ())


def _row(label: str, counts: dict[str, int], columns: tuple[str, ...]) -> MatrixRow:
    total = sum(counts.values()) or 1
    cells = (Cell(counts.get(column, 0), counts.get(column, 0) / total, column == label) for column in columns)
    return MatrixRow(label, tuple(cells))


def _mistakes(details: ClassificationDetails, name: ContestantName) -> tuple[Mistake, ...]:
    found = [
        Mistake(row.label, answer, count)
        for row in details.confusion
        for answer, count in row.by_contestant.get(name, {}).items()
        if answer != row.label
    ]
    return tuple(sorted(found, key=lambda mistake: -mistake.count)[:_MOST_CONFUSIONS])
