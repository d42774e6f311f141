"""The exceptions that end a job without a custom model."""

from __future__ import annotations


class JobFailedError(Exception):
    """The job fails. The message becomes its failureMessage."""


class JobStoppedError(Exception):
    """The user stopped the job."""
