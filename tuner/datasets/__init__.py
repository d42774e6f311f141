"""Datasets: from the files of a user to the records that a model family is tuned on.

check(source, limits, fields)             checks one file against every rule of the model's family
convert(source, limits, fields, sink)     checks one file and writes it in the family's format
split_file(source, limits, ...)           splits one file into training and validation data
prepare(sources, settings, model, sink)   prepares a run's dataset: read, check, convert, split, write
readiness(findings)                       says whether a dataset is ready, and what to fix first
refusal(findings, address)                the error for a dataset that is not ready
"""

from tuner.datasets.check import CheckedFile, check, convert
from tuner.datasets.findings import Findings
from tuner.datasets.io import KeptLines, LocalFile, LocalSink, NoSink, Sink, Source
from tuner.datasets.prepare import Prepared, prepare, with_unused_files
from tuner.datasets.readiness import findings_by_rule, readiness, refusal
from tuner.datasets.records.record import DataRole
from tuner.datasets.records.rules import RecordLimits
from tuner.datasets.split import SplitResult, split_file
from tuner.datasets.unused_settings import with_unused_settings

__all__ = [
    "CheckedFile",
    "DataRole",
    "Findings",
    "KeptLines",
    "LocalFile",
    "LocalSink",
    "NoSink",
    "Prepared",
    "RecordLimits",
    "Sink",
    "Source",
    "SplitResult",
    "check",
    "convert",
    "findings_by_rule",
    "prepare",
    "readiness",
    "refusal",
    "split_file",
    "with_unused_files",
    "with_unused_settings",
]
