"""Splits training data into training and validation data: by a hash of the input, never by position.

Appending records therefore moves no earlier record to the other side, and the same question stays together.
`split_file` does it for `tuner data split`. The records themselves do not change.
"""

from __future__ import annotations

import heapq
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby

from tuner.catalog import Family
from tuner.core.errors import DatasetError
from tuner.datasets.field_and_role_names import MISSING, Fields, find
from tuner.datasets.field_usage import FieldReport
from tuner.datasets.findings import Findings, Issue
from tuner.datasets.io import CommitTogether, Sink, Source
from tuner.datasets.pipeline import FilePipeline, Output
from tuner.datasets.profile import MAX_RECORDS
from tuner.datasets.profile.duplicates import DuplicateFinder
from tuner.datasets.records.rules import RecordLimits
from tuner.settings import FieldNames

_HASH_SPACE = 2**64
_MAX_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class HeldOutRecords:
    """Records whose input hash is below `threshold` are held out. A near duplicate goes with its leader."""

    threshold: int
    leaders: Mapping[int, int] = field(default_factory=dict)

    def contains(self, number: int) -> bool:
        """Whether the record with this input hash is held out."""
        return self.leaders.get(number, number) < self.threshold


class HashCounter:
    """Counts records and keeps the smallest hashes, so that one pass is enough to choose a threshold."""

    def __init__(self, fraction: float) -> None:
        self.records = 0
        self._threshold = int(fraction * _HASH_SPACE)
        self._below = 0
        self._smallest: list[int] = []  # negated: heapq is a min-heap, and the largest kept hash must be replaced first

    def add(self, number: int) -> None:
        """Adds the hash of a record."""
        self.records += 1
        self._below += number < self._threshold
        if len(self._smallest) < _MAX_KEPT:
            heapq.heappush(self._smallest, -number)
        else:
            heapq.heappushpop(self._smallest, -number)

    def threshold(self, fewest: int, most: int) -> int:
        """The threshold of the fraction, moved only as far as needed to hold out from `fewest` to `most` records.

        Records with the same hash stay together. Where they allow no number between the two, neither side is left empty
        if there are at least two hashes.
        """
        if fewest <= self._below <= most or min(max(self._below, fewest), most) >= len(self._smallest):
            return self._threshold
        counted, held = 0, []  # the thresholds that can be chosen, each with the number of records below it
        for number, same in groupby(sorted(-number for number in self._smallest)):
            counted += len(list(same))
            held.append((counted, number + 1))
        enough = [pair for pair in held if fewest <= pair[0] <= most]
        if enough:
            return (enough[0] if self._below < fewest else enough[-1])[1]
        parts = [pair for pair in held if pair[0] < self.records] if most else []
        return min(parts, key=lambda pair: abs(pair[0] - most))[1] if parts else 0


def choose_held_out(
    inputs: Iterable[int], fraction: float, family: Family, leaders: Mapping[int, int] | None = None
) -> HeldOutRecords:
    """Holds out about `fraction` of the records, by their input hashes. `leaders` keeps near duplicates on one side.

    The family's limits for validation data can raise or lower the number. At least one record is held out, and training
    data keeps its own minimum if possible. Only when a limit applies does the side of a record depend on the others.
    """
    leaders = leaders or {}
    hashes = HashCounter(fraction)
    for number in inputs:
        hashes.add(leaders.get(number, number))
    return HeldOutRecords(hashes.threshold(*held_out_bounds(hashes.records, family)), leaders)


def held_out_bounds(records: int, family: Family) -> tuple[int, int]:
    """The fewest and the most records to hold out, of a number of records."""
    fewest_validation, most_validation = family.records.validation
    spare = records - max(family.records.training[0] or 1, 1)
    most = max(min(spare, most_validation or records), min(1, records - 1), 0)
    return min(max(fewest_validation or 1, 1), most), most


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
        raise DatasetError(f"{name}: no record has a value of the field '{stratify}'. Give another field.")
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
