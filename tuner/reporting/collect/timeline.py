"""Derives the timeline of a run from its artifacts and the times when they were written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from tuner.artifacts.manifest import Manifest
from tuner.artifacts.report import Approval, ServingEndpoint, TimelineEvent
from tuner.artifacts.training import CandidateResult, TrainingSummary
from tuner.core.artifact_keys import Keys
from tuner.core.times import iso

# An artifact is written at the end of what it belongs to.
_COMPLETED_BY = (
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
    last_modified: Mapping[str, datetime],
    training: TrainingSummary | None,
    serving: ServingEndpoint | None,
    approval: Approval | None = None,
) -> tuple[TimelineEvent, ...]:
    """The events of the run in their order. `last_modified` is when each artifact was last written."""
    asked = [_event("Waited for approval", approval.asked_at, approval.at)] if approval else []
    events = [
        *_completed_steps(manifest, last_modified),
        *asked,
        *_answered(last_modified),
        *_trained_and_served(training, serving),
    ]
    return tuple(sorted(events, key=lambda event: (event.started_at, event.ended_at or "")))


def _completed_steps(manifest: Manifest | None, last_modified: Mapping[str, datetime]) -> Iterator[TimelineEvent]:
    if manifest:
        yield _event("Run started", manifest.started_at)
    for name, key in _COMPLETED_BY:
        if key in last_modified:
            yield TimelineEvent(name=name, started_at=iso(last_modified[key]))


def _answered(last_modified: Mapping[str, datetime]) -> Iterator[TimelineEvent]:
    """From the first completed shard to the last. With a single shard, the event has no end."""
    for name, prefix in _ANSWERS:
        times = sorted(when for key, when in last_modified.items() if key.startswith(prefix))
        if times:
            ended = iso(times[-1]) if times[-1] > times[0] else None
            yield TimelineEvent(name=name, started_at=iso(times[0]), ended_at=ended)


def _trained_and_served(training: TrainingSummary | None, serving: ServingEndpoint | None) -> Iterator[TimelineEvent]:
    yield from _trained(training) if training else ()
    if serving and serving.created_at:
        if serving.in_service_at:
            yield _event("Endpoint comes into service", serving.created_at, serving.in_service_at)
        if serving.kind == "on_demand":
            yield _event("Endpoint exists", serving.created_at, serving.released_at)
        else:
            yield _event("Endpoint is paid for", serving.created_at, serving.released_at, paid=True)


def _trained(training: TrainingSummary) -> Iterator[TimelineEvent]:
    for each in training.candidates or (training,):
        if each.started_at and not each.adopted_from:
            name = f"Training of candidate {each.number}" if isinstance(each, CandidateResult) else "Training"
            yield _event(name, each.started_at, each.ended_at)


def _event(name: str, start: str, end: str | None = None, paid: bool = False) -> TimelineEvent:
    """Writes all times in the same form, so that events can be sorted by their text."""
    # Step Functions writes milliseconds, the artifacts whole seconds.
    known = [iso(datetime.fromisoformat(instant)) if instant else None for instant in (start, end)]
    return TimelineEvent(name=name, started_at=known[0] or start, ended_at=known[1], paid=paid)
