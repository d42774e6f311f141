"""What the report of a run is read for first: whether anything is still paid for. A stopped run's waits to know it."""

from __future__ import annotations

import time
from collections.abc import Callable

from tuner.artifacts.report import ServingEndpoint
from tuner.artifacts.serving import EndpointRecord
from tuner.artifacts.training import JobRecord
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.reporting.formatting import when

_LONGEST_SECONDS = 90
_PAUSE_SECONDS = 3


def ending(serving: ServingEndpoint) -> str:
    """How an endpoint ended, or will end: `released 2026-11-23 08:44:30 UTC`."""
    verb = "deleted" if serving.kind == "on_demand" else "released"
    if serving.released_at:
        return f"{verb} {when(serving.released_at)}"
    if serving.kept_until:
        return f"kept until {when(serving.kept_until)}, when the release switch ends it"
    return f"NOT known to be {verb}"


def await_release(folder: RunFolder, pause: Callable[[float], None] = time.sleep) -> None:
    """Returns when the run's endpoint is released, or has a term and stays, and its job is stopped; or after 90 s.

    The event that has a stopped run reported has its endpoint released too, at the same moment: a report written at
    once would say for ever that nobody knows.
    """
    for _ in range(_LONGEST_SECONDS // _PAUSE_SECONDS):
        endpoint = folder.load_if_present(EndpointRecord)
        gone = endpoint is None or endpoint.released_at or endpoint.commitment
        if gone and not _trains(folder):
            return
        pause(_PAUSE_SECONDS)


def job_sentence(folder: RunFolder) -> str | None:
    """What became of the customization job of a run that ended in its training; None when there is nothing to say."""
    job = folder.load_if_present(JobRecord)
    if job is None or folder.find(Keys.TRAINING_SUMMARY):
        return None
    if job.stopped_at:
        return (
            f"The customization job {job.job_name} was stopped at {when(job.stopped_at)}. Bedrock charges for what it "
            "had trained."
        )
    if job.left_at:
        return (
            f"The training of the customization job {job.job_name} was done, so it was left to complete: a new run of "
            "the same content (tuner run --again) adopts its model."
        )
    return None


def _trains(folder: RunFolder) -> bool:
    """Whether the run has a job of its own that nothing is known of yet."""
    job = folder.load_if_present(JobRecord)
    if job is None or job.adopted or job.job_arn is None or folder.find(Keys.TRAINING_SUMMARY):
        return False
    return job.stopped_at is None and job.left_at is None
