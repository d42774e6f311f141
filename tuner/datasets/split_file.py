"""Splits one file into training and validation data, for `tuner data split`. The records themselves do not change."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from tuner.core.errors import DatasetError
from tuner.datasets.field_usage import FieldReport
from tuner.datasets.findings import Findings, Issue
from tuner.datasets.io import CommitTogether, Sink, Source
from tuner.datasets.pipeline import FilePipeline, Output
from tuner.datasets.profile import MAX_RECORDS
from tuner.datasets.profile.duplicates import DuplicateFinder
from tuner.datasets.reading.rows import Fields
from tuner.datasets.records.rules import RecordLimits
from tuner.datasets.records.schemas.field_names import MISSING, find
from tuner.datasets.split import HashCounter
from tuner.settings import FieldNames


@dataclass(frozen=True, slots=True)
class SplitResult:
    """How many records went to each side. Nothing was written when `findings` has an error."""

    training: int
    validation: int
    findings: Findings
    fields: FieldReport


def split_file(
    source: Source,
    limits: RecordLimits,
    fields: FieldNames,
    fraction: float,
    stratify: str | None,
    sinks: tuple[Sink, Sink],
) -> SplitResult:
    """Writes about `fraction` of the records to the second sink and all others to the first, as JSONL.

    With `stratify`, the same fraction of each value of that field is taken: at least one record of two or more. A split
    that would leave one side empty is an error. Raises DatasetError when no record has that field.
    """
    findings = Findings(settings_name=None)
    training, validation = (Output(sink) for sink in sinks)
    with CommitTogether(*sinks) as commit:
        # Two passes: the thresholds depend on all records.
        leaders, strata = _count(source, limits, fields, fraction, stratify)
        thresholds = _thresholds(strata, source.name, stratify)
        pipeline = FilePipeline(source, limits, fields, findings)
        for row, record in pipeline.rows():
            number = pipeline.input_hash(record)
            held = leaders.get(number, number) < thresholds[_stratum(row, stratify)]
            (validation if held else training).write(_line(row), 1, 0)
        if not findings.errors and not (training.records and validation.records):
            findings.add(source.name, None, _empty_side(training.records + validation.records))
        if findings.errors:
            commit.cancel()
    return SplitResult(training.records, validation.records, findings, pipeline.fields)


def _empty_side(records: int) -> Issue:
    many = "the same question, or nearly the same," if records > 1 else "one record"
    message = f"a split needs two different questions, but the file has {many}: one side would be empty."
    return Issue("empty-side", message, "Add records with other questions, or use the file as training data only.")


def _thresholds(strata: Mapping[str | None, HashCounter], name: str, stratify: str | None) -> dict[str | None, int]:
    if strata.keys() == {None}:
        raise DatasetError(f"{name}: no record has the field '{stratify}'. Give --stratify a field of the file.")
    return {value: hashes.threshold(min(1, hashes.records - 1), hashes.records - 1) for value, hashes in strata.items()}


def _count(
    source: Source, limits: RecordLimits, fields: FieldNames, fraction: float, stratify: str | None
) -> tuple[Mapping[int, int], Mapping[str | None, HashCounter]]:
    """The leaders of near duplicates, and the hashes of each stratum."""
    duplicates = DuplicateFinder(system_prompt=limits.system_prompt)
    pipeline = FilePipeline(source, limits, fields, Findings())
    strata: dict[str | None, HashCounter] = defaultdict(lambda: HashCounter(fraction))
    for number, (row, record) in enumerate(pipeline.rows()):
        if number < MAX_RECORDS:
            for _ in duplicates.issues(record, "training", source.name):
                pass  # only the leaders are needed here; the generator must run to its end to record them
        question = pipeline.input_hash(record)
        strata[_stratum(row, stratify)].add(duplicates.leaders.get(question, question))
    return duplicates.leaders, strata


def _stratum(row: Fields, field: str | None) -> str | None:
    """The value of the field as text (`data.topic` is the nested field); None when the record has no such field."""
    if field is None:
        return ""
    found = find(row, field)
    return None if found is MISSING else str(found)


def _line(row: Fields) -> bytes:
    try:
        return json.dumps(row, ensure_ascii=False, default=str).encode() + b"\n"
    except UnicodeEncodeError:  # a lone surrogate in an unused field: JSON can only escape it
        return json.dumps(row, default=str).encode() + b"\n"
