"""Customization jobs as resources that cost money while they run, and that a release can stop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from tuner.aws.bedrock.control_plane import tags_of
from tuner.aws.bedrock.resources import PaidKind, PaidResource
from tuner.aws.clients import Response, client
from tuner.aws.error_mapping import code_of, mapped_errors, message_of
from tuner.core.errors import StillAliveError

_UNKNOWN = {"ResourceNotFoundException", "ValidationException"}


class TrainingJobs:
    """Calls: bedrock:ListModelCustomizationJobs, GetModelCustomizationJob, StopModelCustomizationJob,
    ListTagsForResource.
    """

    kind: PaidKind = "training"

    def __init__(self, api: Any = None) -> None:
        self._api = api or client("bedrock")

    def list(self, name: str) -> Iterator[PaidResource]:
        """All jobs in progress whose name contains `name`."""
        named = {"nameContains": name} if name else {}
        with mapped_errors("list the customization jobs in progress"):
            pages = self._api.get_paginator("list_model_customization_jobs").paginate(
                statusEquals="InProgress", **named
            )
            for page in pages:
                yield from map(_job, page.get("modelCustomizationJobSummaries", []))

    def get(self, arn: str) -> PaidResource | None:
        """The job with this ARN or name, whatever its status, or None."""
        with mapped_errors(f"look up the customization job {arn}"):
            try:
                return _job(self._api.get_model_customization_job(jobIdentifier=arn))
            except ClientError as error:
                if code_of(error) in _UNKNOWN:
                    return None
                raise

    def delete(self, arn: str) -> None:
        """Stops the job, unless it has ended or is stopping. Raises StillAliveError when Bedrock refuses now."""
        with mapped_errors(f"stop the customization job {arn}"):
            try:
                self._api.stop_model_customization_job(jobIdentifier=arn)
            except ClientError as error:
                if code_of(error) == "ResourceNotFoundException":
                    return
                # Bedrock stops only a job in progress. This one may have ended a moment ago.
                if code_of(error) not in {"ConflictException", "ValidationException"}:
                    raise
                job = self.get(arn)
                if job and not job.has_ended:
                    raise StillAliveError(f"Bedrock does not stop {arn} now: {message_of(error)}") from error

    def tags(self, arn: str) -> Mapping[str, str]:
        """The tags of a job; empty when Bedrock does not know it."""
        return tags_of(self._api, arn)


def _job(found: Response) -> PaidResource:
    status = found.get("status", "InProgress")
    # A job stays in progress for some minutes after its training, while Bedrock stores the model.
    trained = found.get("statusDetails", {}).get("trainingDetails", {}).get("status") == "Completed"
    return PaidResource(
        kind="training",
        arn=found["jobArn"],
        name=found["jobName"],
        status="Completing" if status == "InProgress" and trained else status,
        created_at=found["creationTime"],
        failure=found.get("failureMessage"),
        base_model=found.get("baseModelArn", "").rpartition("/")[2] or None,
    )
