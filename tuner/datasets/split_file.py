"""Cuts one file in two by what its records say: what `tuner data split` does. The records stay as they are."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tuner.core.errors import DatasetError
from tuner.datasets.findings import Findings
from tuner.datasets.io import Committing, Sink, Source
from tuner.datasets.pipeline import Output, Pass
from tuner.datasets.profile import MOST_RECORDS
from tuner.datasets.profile.duplicates import Duplicates
from tuner.datasets.records.rules import Limits
from tuner.datasets.records.schema_detection import MISSING, find
from tuner.datasets.split import Sides, side
from tuner.settings import FieldNames


@dataclass(frozen=True, slots=True)
class Cut:
    """How many records went where; nothing was written when `findings` has an error."""

    training: int
    validation: int
    findings: Findings


def cut(
    source: Source, limits: Limits, fields: FieldNames, fraction: float, stratify: str | None, sinks: tuple[Sink, Sink]
) -> Cut:
    """Writes about `fraction` of the records to the second sink and all others to the first, as JSONL.

    With `stratify`, each value of that field gives its own share, at least one record of two or more. Raises
    DatasetError when no record has that field.
    """
    findings = Findings()
    training, validation = (Output(sink) for sink in sinks)
    with Committing(*sinks) as committing:
        leaders, strata = _looked_at(source, limits, fields, fraction, stratify)
        thresholds = _thresholds(strata, source.name, stratify)
        for row, record in Pass(source, limits, fields, findings).rows():
            number = side(record.prompt)
            held = leaders.get(number, number) < thresholds[_stratum(row, stratify)]
            (validation if held else training).write(_line(row), 1, 0)
        if findings.errors:
            committing.cancel()
    return Cut(training.records, validation.records, findings)


def _thresholds(strata: Mapping[str | None, Sides], name: str, stratify: str | None) -> dict[str | None, int]:
    if strata.keys() == {None}:
        raise DatasetError(f"{name}: no record has the field '{stratify}'.")
    return {value: sides.threshold(min(1, sides.records - 1), sides.records - 1) for value, sides in strata.items()}


def _looked_at(
    source: Source, limits: Limits, fields: FieldNames, fraction: float, stratify: str | None
) -> tuple[Mapping[int, int], Mapping[str | None, Sides]]:
    duplicates = Duplicates()
    strata: dict[str | None, Sides] = defaultdict(lambda: Sides(fraction))
    for row, record in Pass(source, limits, fields, Findings()).rows():
        if sum(sides.records for sides in strata.values()) < MOST_RECORDS:
            for _ in duplicates.look(record, "training", source.name):
                pass
        number = side(record.prompt)
        strata[_stratum(row, stratify)].add(duplicates.leaders.get(number, number))
    return duplicates.leaders, strata


def _stratum(row: Mapping[str, Any], field: str | None) -> str | None:
    """The text of the field's value, `data.topic` meaning the one inside; None when the record has no such field."""
    if field is None:
        return ""
    found = find(row, field)
    return None if found is MISSING else str(found)


def _line(row: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(row, ensure_ascii=False, default=str).encode() + b"\n"
    except UnicodeEncodeError:  # half a letter in a field that nobody reads: only an escape can hold it
        return json.dumps(row, default=str).encode() + b"\n"
