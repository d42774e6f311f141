"""Checks or converts a single file, for `tuner data check` and `tuner data convert`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

from tuner.artifacts.dataset import DatasetProfile, Severity
from tuner.artifacts.task import TaskDescription
from tuner.core.strict_model import JsonObject
from tuner.datasets.field_usage import FieldReport
from tuner.datasets.findings import Findings, Issue
from tuner.datasets.io import CommitTogether, NoSink, Sink, Source
from tuner.datasets.pipeline import FilePipeline, Output
from tuner.datasets.profile import ProfileSource, profile_dataset
from tuner.datasets.readiness import readiness
from tuner.datasets.reading import Budget
from tuner.datasets.records.file_rules import file_bytes, file_name, reading_budget, record_counts
from tuner.datasets.records.rules import RecordLimits
from tuner.datasets.tasks.checks import check_task
from tuner.datasets.tasks.recognition import describe_task
from tuner.settings import FieldNames, RunSettings


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """The content of a file and its findings. `tokens` is the family's estimate; only `check` makes a `profile` and a
    `task`.
    """

    file: str
    records: int
    tokens: int
    fields: FieldReport
    findings: Findings
    profile: DatasetProfile | None = None
    task: TaskDescription | None = None

    @property
    def ready(self) -> bool:
        """Whether there are no errors. Warnings do not count."""
        return not self.findings.errors

    def as_json(self) -> JsonObject:
        """The output of `--json`: plain JSON, whose member names are part of the command's interface."""
        return {
            "file": self.file,
            "ready": self.ready,
            "records": self.records,
            "tokens": self.tokens,
            **asdict(self.fields),
            "study": self.profile.model_dump(mode="json", exclude_none=True) if self.profile else {},
            **({"task": self.task.model_dump(mode="json")} if self.task else {}),
            "verdict": readiness(self.findings).model_dump(mode="json"),
            **self.findings.as_json(),
        }


def check(source: Source, limits: RecordLimits, fields: FieldNames) -> CheckedFile:
    """Checks a file against every rule of the model's family, and profiles it."""
    budget = reading_budget(limits.model, limits.role)
    checked = _read(source, limits, fields, NoSink(), "error", budget)
    file = ProfileSource(source.name, FilePipeline(source, limits, fields, Findings(), budget=budget).records)
    result = profile_dataset({limits.role: file}, limits.tokens, checked.findings, system_prompt=limits.system_prompt)
    # Alone, each file is taken for training data: there is no other file to compare its labels or fields with.
    task = describe_task(RunSettings(), result.answers[limits.role])
    check_task(task, RunSettings(), {"training": result.answers[limits.role]}, checked.findings)
    return replace(checked, profile=result.profile, task=task)


def convert(source: Source, limits: RecordLimits, fields: FieldNames, sink: Sink) -> CheckedFile:
    """Checks a file and writes it in the format of the model's family. Writes nothing if a record has an error.

    Limits of the whole file, such as the number of records, are warnings here: a file may be a part of a dataset.
    """
    return _read(source, limits, fields, sink, "warning", Budget())


def _read(
    source: Source,
    limits: RecordLimits,
    fields: FieldNames,
    sink: Sink,
    severity_of_file_issues: Severity,
    budget: Budget,
) -> CheckedFile:
    findings = Findings(settings_name=None)
    pipeline, output = FilePipeline(source, limits, fields, findings, budget=budget), Output(sink)
    with CommitTogether(sink) as commit:
        pipeline.convert(output)
        for issue in _file_issues(source, limits, pipeline, output):
            lenient = severity_of_file_issues == "warning"
            findings.add(source.name, None, replace(issue, severity="warning") if lenient else issue)
        if findings.errors:
            commit.cancel()
    tokens = math.ceil(output.text_bytes / limits.model.family.characters_per_token)
    return CheckedFile(source.name, output.records, tokens, pipeline.fields, findings)


def _file_issues(source: Source, limits: RecordLimits, pipeline: FilePipeline, output: Output) -> Iterator[Issue]:
    if pipeline.is_native:
        yield from file_name(limits.model, source.name)
    if not pipeline.unreadable:
        # Refused records count as well: their number is right once they are fixed.
        yield from record_counts(limits.model, {limits.role: output.records + pipeline.refused})
    if limits.role != "evaluation":  # Bedrock does not read evaluation files
        yield from file_bytes(limits.model, limits.role, output.bytes)
