"""One file, checked or converted on its own: what `tuner data check` and `tuner data convert` do."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from tuner.datasets.findings import Findings, Flaw, Severity
from tuner.datasets.findings_text import verdict
from tuner.datasets.io import Committing, NoSink, Sink, Source
from tuner.datasets.pipeline import Output, Pass
from tuner.datasets.profile import File, study
from tuner.datasets.records.limits import file_bytes, file_name, record_counts
from tuner.datasets.records.rules import Limits
from tuner.settings import FieldNames


@dataclass(frozen=True, slots=True)
class Checked:
    """What a file holds and what is wrong with it. `tokens` is the family's estimate; `study` is what it is like."""

    file: str
    records: int
    tokens: int
    fields: dict[str, str]
    findings: Findings
    study: dict[str, Any]

    @property
    def ready(self) -> bool:
        """Whether there are no errors; warnings do not count."""
        return not self.findings.errors

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "file": self.file,
            "ready": self.ready,
            "records": self.records,
            "tokens": self.tokens,
            "fields": self.fields,
            "study": self.study,
            "verdict": verdict(self.findings),
            **self.findings.document(),
        }


def check(source: Source, limits: Limits, fields: FieldNames) -> Checked:
    """Every rule of the model's family over one file, and what it is like."""
    checked = _read(source, limits, fields, NoSink(), "error")
    file = File(source.name, Pass(source, limits, fields, Findings()).records)
    studied = study({limits.role: file}, limits.tokens, checked.findings)
    return replace(checked, study=studied.summary)


def convert(source: Source, limits: Limits, fields: FieldNames, sink: Sink) -> Checked:
    """Checks a file and writes it in the format of the model's family; with an error in a record, nothing is written.

    How many records there are is no hindrance: a part or a collection of datasets can be converted too, with a warning.
    """
    return _read(source, limits, fields, sink, "warning")


def _read(source: Source, limits: Limits, fields: FieldNames, sink: Sink, whole_file: Severity) -> Checked:
    findings = Findings()
    reading, output = Pass(source, limits, fields, findings), Output(sink)
    with Committing(sink) as committing:
        reading.convert(output)
        for flaw in _file_flaws(source, limits, reading, output):
            findings.at(source.name, None, replace(flaw, severity="warning") if whole_file == "warning" else flaw)
        if findings.errors:
            committing.cancel()
    tokens = math.ceil(output.characters / limits.model.family.characters_per_token)
    return Checked(source.name, output.records, tokens, reading.fields, findings, {})


def _file_flaws(source: Source, limits: Limits, reading: Pass, output: Output) -> Iterator[Flaw]:
    if reading.is_native:
        yield from file_name(limits.model, source.name)
    if not reading.unreadable:
        yield from record_counts(limits.model, {limits.role: output.records + reading.refused})
    if limits.role != "evaluation":  # Bedrock never reads those
        yield from file_bytes(limits.model, limits.role, output.bytes)
