"""A dataset from the files that people have to the records that a model family is tuned on.

check(source, limits, fields)             one file against every rule of the model's family
convert(source, limits, fields, sink)     the same, and written in the family's format
cut(source, limits, ...)                  one file in two, by what its records say
prepare(sources, settings, model, sink)   a run's whole dataset: read, checked, converted, split, written
verdict(findings)                         ready or not, and what to mend first, in words
refusal(document, address)                the findings of a dataset that is not ready, as a DatasetError
"""

from tuner.datasets.check import Checked, check, convert
from tuner.datasets.findings import Finding, Findings
from tuner.datasets.findings_text import examples, refusal, verdict
from tuner.datasets.io import LocalFile, LocalSink, NoSink, Sink, Source
from tuner.datasets.prepare import Prepared, prepare
from tuner.datasets.records.record import Role
from tuner.datasets.records.rules import Limits
from tuner.datasets.split_file import Cut, cut

__all__ = [
    "Checked",
    "Cut",
    "Finding",
    "Findings",
    "Limits",
    "LocalFile",
    "LocalSink",
    "NoSink",
    "Prepared",
    "Role",
    "Sink",
    "Source",
    "check",
    "convert",
    "cut",
    "examples",
    "prepare",
    "refusal",
    "verdict",
]
