"""Why a job does not complete."""

from __future__ import annotations


class JobFailedError(Exception):
    """The job fails; the message becomes its failureMessage."""


class JobStoppedError(Exception):
    """The user stopped the job."""
