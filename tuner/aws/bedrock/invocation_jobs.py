"""Batch inference jobs: they ask a model the requests of a file, and a release can stop them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tuner.aws.bedrock.control_plane import service_role_errors, tag_list, vpc_members, with_company
from tuner.aws.bedrock.resources import BATCH_HOURS, BatchRequest, PaidKind, PaidResource
from tuner.aws.bedrock.stoppable_jobs import StoppableJobs
from tuner.aws.clients import Response
from tuner.aws.error_mapping import mapped_errors
from tuner.core.strict_model import JsonObject
from tuner.settings import DeploymentSettings

_ACTIVE = ("Submitted", "Validating", "Scheduled", "InProgress")


class InvocationJobs(StoppableJobs):
    """Calls: bedrock:{Create,Get,List,Stop}ModelInvocationJob(s), TagResource, ListTagsForResource."""

    kind: PaidKind = "batch"
    noun = "batch job"

    def __init__(self, api: Any = None, company: DeploymentSettings | None = None) -> None:
        """`company` holds the VPC and the tags that every job gets."""
        super().__init__(api)
        self._company = company

    def create(self, request: BatchRequest) -> str:
        """Starts a job and returns its ARN; that of the existing job when the request is repeated.

        Raises QuotaError when the account has too many jobs of the model, and AwsError when Bedrock refuses the job.
        """
        members = _members(with_company(request, self._company))
        with mapped_errors(f"start the batch job {request.name}"), service_role_errors():
            arn: str = self._api.create_model_invocation_job(**members)["jobArn"]
            return arn

    def list(self, name: str) -> Iterator[PaidResource]:
        """All jobs that have not ended whose name contains `name`."""
        named = {"nameContains": name} if name else {}
        with mapped_errors("list the batch jobs in progress"):
            for status in _ACTIVE:
                pages = self._api.get_paginator("list_model_invocation_jobs").paginate(statusEquals=status, **named)
                for page in pages:
                    yield from map(_job, page.get("invocationJobSummaries", []))

    def _read(self, arn: str) -> PaidResource:
        return _job(self._api.get_model_invocation_job(jobIdentifier=arn))

    def _stop(self, arn: str) -> None:
        self._api.stop_model_invocation_job(jobIdentifier=arn)


def _members(request: BatchRequest) -> JsonObject:
    return {
        "jobName": request.name,
        # With the same token, a retried call returns the existing job instead of starting a second one.
        "clientRequestToken": request.name,
        "roleArn": request.role_arn,
        "modelId": request.model,
        "modelInvocationType": "Converse",
        "inputDataConfig": {"s3InputDataConfig": {"s3InputFormat": "JSONL", "s3Uri": request.input_uri}},
        "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": request.output_uri}},
        "timeoutDurationInHours": BATCH_HOURS,
        "tags": tag_list(request.tags),
        **vpc_members(request.vpc),
    }


def _job(found: Response) -> PaidResource:
    return PaidResource(
        kind="batch",
        arn=found["jobArn"],
        name=found["jobName"],
        status=found.get("status", "Submitted"),
        created_at=found["submitTime"],
        failure=found.get("message"),
        base_model=found.get("modelId"),
    )
