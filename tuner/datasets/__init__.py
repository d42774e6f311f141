"""A dataset from the files that people have to the records that a model family is tuned on.

prepare(sources, settings, model, sink)   a run's whole dataset: read, checked, converted, split, written
refusal(document, address)                the findings of a dataset that is not ready, as a DatasetError
"""

from tuner.datasets.findings import Finding, Findings
from tuner.datasets.places import LocalFile, LocalSink, NoSink, Sink, Source
from tuner.datasets.prepare import Prepared, prepare
from tuner.datasets.record import Role
from tuner.datasets.verdict import refusal

__all__ = [
    "Finding",
    "Findings",
    "LocalFile",
    "LocalSink",
    "NoSink",
    "Prepared",
    "Role",
    "Sink",
    "Source",
    "prepare",
    "refusal",
]
