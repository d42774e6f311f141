"""When the run did what, told by what it wrote and when: no step has to keep a diary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from tuner.artifacts.manifest import Manifest
from tuner.artifacts.report import Approval, Moment, ServingEndpoint
from tuner.artifacts.training import TrainingSummary
from tuner.core.artifact_keys import Keys
from tuner.core.times import iso

# What is done when an artifact is there.
_WRITTEN = (
    ("Inputs pinned", Keys.MANIFEST),
    ("Validation data generated", Keys.GENERATED),
    ("Dataset preprocessed", Keys.DATASET_SUMMARY),
    ("Dataset validated", Keys.FINDINGS),
    ("Cost estimated", Keys.ESTIMATE),
    ("Answers scored", Keys.SCORES),
)
_ANSWERS = (("Base model answered", "answers/base/"), ("Tuned model answered", "answers/tuned/"))


def timeline(
    manifest: Manifest | None,
    written: Mapping[str, datetime],
    training: TrainingSummary | None,
    serving: ServingEndpoint | None,
    approval: Approval | None = None,
) -> tuple[Moment, ...]:
    """The run's moments in their order, given when each artifact was written; those with an end are stretches."""
    asked = [_moment("Waited for approval", approval.asked_at, approval.at)] if approval else []
    moments = [*_done(manifest, written), *asked, *_answered(written), *_work(training, serving)]
    return tuple(sorted(moments, key=lambda moment: (moment.started_at, moment.ended_at or "")))


def _done(manifest: Manifest | None, written: Mapping[str, datetime]) -> Iterator[Moment]:
    if manifest:
        yield _moment("Run started", manifest.started_at)
    for name, key in _WRITTEN:
        if key in written:
            yield Moment(name=name, started_at=iso(written[key]))


def _answered(written: Mapping[str, datetime]) -> Iterator[Moment]:
    """From the first shard that was finished to the last; a point when there is one only."""
    for name, prefix in _ANSWERS:
        times = sorted(when for key, when in written.items() if key.startswith(prefix))
        if times:
            ended = iso(times[-1]) if times[-1] > times[0] else None
            yield Moment(name=name, started_at=iso(times[0]), ended_at=ended)


def _work(training: TrainingSummary | None, serving: ServingEndpoint | None) -> Iterator[Moment]:
    if training and training.started_at and not training.adopted_from:
        yield _moment("Training", training.started_at, training.ended_at)
    if serving and serving.created_at:
        if serving.in_service_at:
            yield _moment("Endpoint comes into service", serving.created_at, serving.in_service_at)
        if serving.kind == "on_demand":
            yield _moment("Endpoint exists", serving.created_at, serving.released_at)
        else:
            yield _moment("Endpoint is paid for", serving.created_at, serving.released_at, paid=True)


def _moment(name: str, start: str, end: str | None = None, paid: bool = False) -> Moment:
    """In one notation, so that moments can be sorted as texts."""
    known = [iso(datetime.fromisoformat(instant)) if instant else None for instant in (start, end)]
    return Moment(name=name, started_at=known[0] or start, ended_at=known[1], paid=paid)
