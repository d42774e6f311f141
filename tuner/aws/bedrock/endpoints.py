"""Provisioned throughput and custom model deployments, behind one interface."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

from tuner.artifacts.serving import EndpointKind
from tuner.aws.bedrock.control_plane import tag_list, tags_of
from tuner.aws.bedrock.resources import EndpointRequest, PaidResource
from tuner.aws.clients import Response, client
from tuner.aws.error_mapping import code_of, mapped_errors, message_of
from tuner.core.errors import RetryableError, StillAliveError
from tuner.settings import Serving

# Bedrock's answers when an endpoint cannot be deleted now, because it is being created or updated.
_REFUSED = {"ConflictException", "ValidationException"}


@contextmanager
def _eventually() -> Iterator[None]:
    """Makes errors of eventual consistency retryable: a name in use, and a model that is not found yet."""
    try:
        yield
    except ClientError as error:
        if code_of(error) in {"ConflictException", "ResourceNotFoundException"} or "in use" in message_of(error):
            raise RetryableError(
                "Bedrock does not show yet what an earlier call created. The step tries again for some minutes. "
                f"{code_of(error)}: {message_of(error)}"
            ) from error
        raise


class _BedrockEndpoints:
    """What both kinds of endpoint have in common."""

    kind: EndpointKind

    def __init__(self, api: Any = None, company_tags: Mapping[str, str] | None = None) -> None:
        """`company_tags` are added to every endpoint that is created."""
        self._api = api or client("bedrock")
        self._company_tags = company_tags or {}

    def tags(self, arn: str) -> Mapping[str, str]:
        """The tags of an endpoint; empty when it is gone."""
        return tags_of(self._api, arn)

    def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        """Adds tags to the endpoint. Raises AwsError when it is gone."""
        with mapped_errors(f"tag {arn}"):
            self._api.tag_resource(resourceARN=arn, tags=tag_list(tags))

    def get(self, arn: str) -> PaidResource | None:
        """The endpoint, or None when it is gone."""
        with mapped_errors(f"look up {arn}"):
            try:
                return self._get(arn)
            except ClientError as error:
                if code_of(error) == "ResourceNotFoundException":
                    return None
                raise

    def delete(self, arn: str) -> None:
        """Deletes the endpoint. It is no error when it is gone. Raises StillAliveError when Bedrock refuses now."""
        with mapped_errors(f"delete {arn}"):
            try:
                self._delete(arn)
            except ClientError as error:
                if code_of(error) in _REFUSED:
                    raise StillAliveError(f"Bedrock does not delete {arn} now: {message_of(error)}") from error
                if code_of(error) != "ResourceNotFoundException":
                    raise

    def _get(self, arn: str) -> PaidResource:
        raise NotImplementedError

    def _delete(self, arn: str) -> None:
        raise NotImplementedError


class ProvisionedThroughputs(_BedrockEndpoints):
    """Calls: bedrock:{Create,Get,List,Delete}ProvisionedModelThroughput(s), TagResource, ListTagsForResource."""

    kind: EndpointKind = "provisioned"

    def create(self, request: EndpointRequest) -> str:
        """Purchases throughput and returns its ARN. Raises QuotaError."""
        commitment = {"commitmentDuration": request.commitment} if request.commitment else {}
        with mapped_errors(f"purchase the provisioned throughput {request.name}"), _eventually():
            arn: str = self._api.create_provisioned_model_throughput(
                provisionedModelName=request.name,
                modelId=request.custom_model_arn,
                modelUnits=request.model_units,
                # With the same token, a retried call returns the existing throughput and buys nothing.
                clientRequestToken=f"{request.name}-throughput",
                tags=tag_list({**self._company_tags, **request.tags}),
                **commitment,
            )["provisionedModelArn"]
            return arn

    def list(self, name: str) -> Iterator[PaidResource]:
        """Every provisioned throughput whose name contains `name`."""
        with mapped_errors("list the provisioned throughputs"):
            pages = self._api.get_paginator("list_provisioned_model_throughputs").paginate(**_named(name))
            for page in pages:
                yield from map(_throughput, page.get("provisionedModelSummaries", []))

    def _get(self, arn: str) -> PaidResource:
        return _throughput(self._api.get_provisioned_model_throughput(provisionedModelId=arn))

    def _delete(self, arn: str) -> None:
        self._api.delete_provisioned_model_throughput(provisionedModelId=arn)


class ModelDeployments(_BedrockEndpoints):
    """Calls: bedrock:{Create,Get,List,Delete}CustomModelDeployment(s), TagResource, ListTagsForResource."""

    kind: EndpointKind = "on_demand"

    def create(self, request: EndpointRequest) -> str:
        """Deploys the custom model for on-demand use and returns the deployment's ARN. Raises QuotaError."""
        with mapped_errors(f"create the custom model deployment {request.name}"), _eventually():
            arn: str = self._api.create_custom_model_deployment(
                modelDeploymentName=request.name,
                modelArn=request.custom_model_arn,
                clientRequestToken=f"{request.name}-deployment",
                tags=tag_list({**self._company_tags, **request.tags}),
            )["customModelDeploymentArn"]
            return arn

    def list(self, name: str) -> Iterator[PaidResource]:
        """Every deployment whose name contains `name`."""
        with mapped_errors("list the custom model deployments"):
            pages = self._api.get_paginator("list_custom_model_deployments").paginate(**_named(name))
            for page in pages:
                yield from map(_deployment, page.get("modelDeploymentSummaries", []))

    def _get(self, arn: str) -> PaidResource:
        return _deployment(self._api.get_custom_model_deployment(customModelDeploymentIdentifier=arn))

    def _delete(self, arn: str) -> None:
        self._api.delete_custom_model_deployment(customModelDeploymentIdentifier=arn)


def endpoints_of(
    serving: Serving, company_tags: Mapping[str, str] | None = None
) -> ProvisionedThroughputs | ModelDeployments:
    """The kind of endpoint that a run's `serving` asks for. With `none`, no state of the state machine calls this."""
    kind = ModelDeployments if serving == "on_demand" else ProvisionedThroughputs
    return kind(company_tags=company_tags)


def _named(name: str) -> dict[str, str]:
    return {"nameContains": name} if name else {}


def _throughput(found: Response) -> PaidResource:
    return PaidResource(
        kind="provisioned",
        arn=found["provisionedModelArn"],
        name=found["provisionedModelName"],
        # Throughput stays in service during an update.
        status="InService" if found["status"] == "Updating" else found["status"],
        created_at=found["creationTime"],
        model_units=found["modelUnits"],
        commitment=found.get("commitmentDuration"),
        committed_until=found.get("commitmentExpirationTime"),
        failure=found.get("failureMessage"),
        # The ARN of a foundation model ends with "/<model id>".
        base_model=found.get("foundationModelArn", "").rpartition("/")[2] or None,
        model_arn=found.get("modelArn"),
    )


def _deployment(found: Response) -> PaidResource:
    return PaidResource(
        kind="on_demand",
        arn=found["customModelDeploymentArn"],
        # GetCustomModelDeployment and ListCustomModelDeployments name this member differently.
        name=found.get("customModelDeploymentName") or found["modelDeploymentName"],
        status="InService" if found["status"] == "Active" else found["status"],
        created_at=found["createdAt"],
        failure=found.get("failureMessage"),
        model_arn=found.get("modelArn"),
    )
