"""Batch inference jobs: they ask a model the requests of a file, and a release can stop them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from tuner.aws.bedrock.control_plane import tag_list
from tuner.aws.bedrock.resources import BATCH_HOURS, BatchRequest, PaidKind, PaidResource
from tuner.aws.bedrock.stoppable_jobs import StoppableJobs
from tuner.aws.clients import Response
from tuner.aws.error_mapping import code_of, mapped_errors, message_of
from tuner.core.errors import RetryableError
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
        if self._company:
            tags = {**self._company.tags, **request.tags}
            request = replace(request, tags=tags, vpc=self._company.vpc)
        with mapped_errors(f"start the batch job {request.name}"):
            try:
                arn: str = self._api.create_model_invocation_job(**_members(request))["jobArn"]
                return arn
            except ClientError as error:
                # IAM is eventually consistent: Bedrock may not be able to assume a role that was created minutes ago.
                if code_of(error) == "ValidationException" and "assume" in message_of(error).lower():
                    raise RetryableError(f"Bedrock cannot assume the service role: {message_of(error)}") from error
                raise

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
    members: dict[str, Any] = {
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
    }
    if request.vpc:
        members["vpcConfig"] = {
            "subnetIds": list(request.vpc.subnet_ids),
            "securityGroupIds": list(request.vpc.security_group_ids),
        }
    return members


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
