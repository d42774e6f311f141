"""Amazon Bedrock's control plane: foundation models, customization jobs, and tags."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from tuner.aws.bedrock.resources import BatchRequest, FoundationModel, Job, JobRequest
from tuner.aws.clients import client
from tuner.aws.error_mapping import code_of, mapped_errors, message_of
from tuner.core.errors import RetryableError
from tuner.core.strict_model import JsonObject
from tuner.settings import DeploymentSettings, VpcSettings

R = TypeVar("R", JobRequest, BatchRequest)


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags in the form that Bedrock's API requires."""
    return [{"key": key, "value": value} for key, value in tags.items()]


def tags_of(api: Any, arn: str) -> dict[str, str]:
    """The tags of a resource; empty when it is gone. Calls: bedrock:ListTagsForResource."""
    with mapped_errors(f"read the tags of {arn}"):
        try:
            found = api.list_tags_for_resource(resourceARN=arn).get("tags", [])
        except ClientError as error:
            if code_of(error) == "ResourceNotFoundException":
                return {}
            raise
    return {tag["key"]: tag["value"] for tag in found}


def is_unknown(error: ClientError) -> bool:
    """Whether Bedrock does not know the id. Which of the two codes it returns depends on the call and the id's form."""
    return code_of(error) in {"ResourceNotFoundException", "ValidationException"}


def with_company(request: R, company: DeploymentSettings | None) -> R:
    """The request of a job with the VPC and the tags that every job of the deployment gets."""
    if company is None:
        return request
    return replace(request, tags={**company.tags, **request.tags}, vpc=company.vpc)


def vpc_members(vpc: VpcSettings) -> JsonObject:
    """The member of a request that puts a job into the VPC; none without a VPC."""
    if not vpc:
        return {}
    config = {"subnetIds": list(vpc.subnet_ids), "securityGroupIds": list(vpc.security_group_ids)}
    return {"vpcConfig": config}


@contextmanager
def service_role_errors() -> Iterator[None]:
    """Makes the error about the service role of a job retryable.

    IAM is eventually consistent: Bedrock may not be able to assume a role that was created minutes ago.
    """
    try:
        yield
    except ClientError as error:
        if code_of(error) == "ValidationException" and "assume" in message_of(error).lower():
            raise RetryableError(f"Bedrock cannot assume the service role: {message_of(error)}") from error
        raise


class Bedrock:
    """Calls: bedrock:GetFoundationModel, {Create,Get}ModelCustomizationJob, TagResource,
    ListTagsForResource, ListModelCustomizationJobs.
    """

    def __init__(self, api: Any = None, company: DeploymentSettings | None = None) -> None:
        """`company` holds the VPC and the tags that every job gets."""
        self._api = api or client("bedrock")
        self._company = company

    def foundation_model(self, model_id: str) -> FoundationModel | None:
        """The model, or None when the Region does not offer it."""
        with mapped_errors(f"look up the foundation model {model_id}"):
            try:
                details = self._api.get_foundation_model(modelIdentifier=model_id)["modelDetails"]
            except ClientError as error:
                if is_unknown(error):
                    return None
                raise
        lifecycle = details.get("modelLifecycle", {})
        return FoundationModel(
            id=details["modelId"],
            name=details.get("modelName", model_id),
            active=lifecycle.get("status") == "ACTIVE",
            end_of_life=lifecycle.get("endOfLifeTime"),
            customizations=tuple(details.get("customizationsSupported", ())),
            extended_access=lifecycle.get("publicExtendedAccessTime"),
        )

    def find_job(self, name: str) -> Job | None:
        """The customization job of this name or ARN, or None."""
        with mapped_errors(f"look up the customization job {name}"):
            try:
                found = self._api.get_model_customization_job(jobIdentifier=name)
            except ClientError as error:
                if is_unknown(error):
                    return None
                raise
        return Job(
            arn=found["jobArn"],
            name=found["jobName"],
            status=found.get("status", "InProgress"),
            created_at=found["creationTime"],
            ended_at=found.get("endTime"),
            failure=found.get("failureMessage"),
            custom_model_arn=found.get("outputModelArn"),
            custom_model_name=found["outputModelName"],
            hyperparameters=found.get("hyperParameters", {}),
        )

    def create_job(self, request: JobRequest) -> str | None:
        """Starts a job and returns its ARN; None when its name is already in use.

        Raises QuotaError when the account's quota allows no further job.
        """
        members = _job_members(with_company(request, self._company))
        with mapped_errors(f"start the customization job {request.name}"), service_role_errors():
            try:
                arn: str = self._api.create_model_customization_job(**members)["jobArn"]
                return arn
            except ClientError as error:
                # Bedrock may also answer with another code whose message says that the name is in use.
                if code_of(error) == "ConflictException" or "in use" in message_of(error):
                    return None
                raise

    def tags(self, arn: str) -> Mapping[str, str]:
        """The tags of a resource; empty when it is gone."""
        return tags_of(self._api, arn)

    def tag(self, arn: str, tags: Mapping[str, str]) -> bool:
        """Adds tags to a resource. False when it is gone."""
        with mapped_errors(f"tag {arn}"):
            try:
                self._api.tag_resource(resourceARN=arn, tags=tag_list(tags))
            except ClientError as error:
                if code_of(error) == "ResourceNotFoundException":
                    return False
                raise
        return True

    def jobs_in_progress(self) -> int:
        """How many customization jobs the account runs in this Region; 1 means "one or more".

        A stopping job counts too: it may use the quota until it is Stopped.
        """
        with mapped_errors("list the customization jobs in progress"):
            for status in ("InProgress", "Stopping"):
                page = self._api.list_model_customization_jobs(statusEquals=status, maxResults=1)
                if page.get("modelCustomizationJobSummaries"):
                    return 1
        return 0


def _job_members(request: JobRequest) -> JsonObject:
    members: dict[str, Any] = {
        "jobName": request.name,
        "customModelName": request.name,
        # With the same token, a retried call returns the existing job instead of starting a second one.
        "clientRequestToken": f"{request.name}-job",
        "roleArn": request.role_arn,
        "baseModelIdentifier": request.base_model,
        "customizationType": "FINE_TUNING",
        "trainingDataConfig": {"s3Uri": request.training_uri},
        "outputDataConfig": {"s3Uri": request.output_uri},
        "hyperParameters": dict(request.hyperparameters),
        "jobTags": tag_list(request.tags),
        "customModelTags": tag_list(request.tags),
        **vpc_members(request.vpc),
    }
    if request.validation_uri:
        members["validationDataConfig"] = {"validators": [{"s3Uri": request.validation_uri}]}
    return members
