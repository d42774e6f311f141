"""Says whether the endpoint and the customization job of a run have ended, and waits for both after a stop."""

from __future__ import annotations

import time
from collections.abc import Callable

from tuner.artifacts.report import ServingEndpoint
from tuner.artifacts.serving import EndpointRecord
from tuner.artifacts.training import JobRecord
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.run import again_command
from tuner.reporting.formatting import timestamp
from tuner.training.job_record import job_records

# A release takes seconds. When it must be retried, the report says that the release is not known.
_LONGEST_SECONDS = 90
_PAUSE_SECONDS = 3


def release_state(serving: ServingEndpoint) -> str:
    """When an endpoint was or will be released, such as `released 2026-11-23 08:44:30 UTC`."""
    verb = "deleted" if serving.kind == "on_demand" else "released"
    if serving.released_at:
        return f"{verb} {timestamp(serving.released_at)}"
    if serving.kept_until:
        return f"kept until {timestamp(serving.kept_until)}, when the release schedule ends it"
    # In capitals, because an endpoint that is not released costs money by the hour.
    return f"NOT known to be {verb}"


def await_release(folder: RunFolder, pause: Callable[[float], None] = time.sleep) -> None:
    """Waits until the run's endpoint is released and its customization job has ended, for at most 90 seconds.

    The end of an execution triggers the report and the release at the same time. A report that did not wait would
    say that the endpoint is not known to be released. An endpoint with a commitment is not released, so the report
    does not wait for it.
    """
    for _ in range(_LONGEST_SECONDS // _PAUSE_SECONDS):
        endpoint = folder.load_if_present(EndpointRecord)
        released = endpoint is None or endpoint.released_at or endpoint.commitment
        if released and not _may_be_training(folder):
            return
        pause(_PAUSE_SECONDS)


def job_sentence(folder: RunFolder) -> str | None:
    """The state of the customization jobs of a run that ended during its training, or None."""
    jobs = job_records(folder).values()
    if not jobs or folder.find(Keys.TRAINING_SUMMARY):
        return None
    return " ".join(filter(None, (_sentence(job, folder.run_id) for job in jobs))) or None


def _sentence(job: JobRecord, run_id: str) -> str | None:
    if job.stopped_at:
        return (
            f"The customization job {job.job_name} was stopped at {timestamp(job.stopped_at)}. Bedrock charges for the "
            "training until then."
        )
    if job.left_at:
        return (
            f"The customization job {job.job_name} had finished its training, so it was not stopped. A new run with "
            f"the same content ({again_command(run_id)}) uses its model."
        )
    return None


def _may_be_training(folder: RunFolder) -> bool:
    """Whether the run started a job of its own that the release has not handled yet."""
    own = [job for job in job_records(folder).values() if job.job_arn and not job.adopted]
    if not own or folder.find(Keys.TRAINING_SUMMARY):
        return False
    return any(job.stopped_at is None and job.left_at is None for job in own)
