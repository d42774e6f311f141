"""Customization jobs as resources that cost money while they run, and that a release can stop."""

from __future__ import annotations

from collections.abc import Iterator

from tuner.aws.bedrock.resources import PaidKind, PaidResource
from tuner.aws.bedrock.stoppable_jobs import StoppableJobs
from tuner.aws.clients import Response
from tuner.aws.error_mapping import mapped_errors


class TrainingJobs(StoppableJobs):
    """Calls: bedrock:ListModelCustomizationJobs, GetModelCustomizationJob, StopModelCustomizationJob,
    ListTagsForResource.
    """

    kind: PaidKind = "training"
    noun = "customization job"

    def list(self, name: str) -> Iterator[PaidResource]:
        """All jobs in progress whose name contains `name`."""
        named = {"nameContains": name} if name else {}
        with mapped_errors("list the customization jobs in progress"):
            pages = self._api.get_paginator("list_model_customization_jobs").paginate(
                statusEquals="InProgress", **named
            )
            for page in pages:
                yield from map(_job, page.get("modelCustomizationJobSummaries", []))

    def _read(self, arn: str) -> PaidResource:
        return _job(self._api.get_model_customization_job(jobIdentifier=arn))

    def _stop(self, arn: str) -> None:
        self._api.stop_model_customization_job(jobIdentifier=arn)


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
