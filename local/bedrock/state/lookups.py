"""Lookups that raise Bedrock's error when a resource does not exist."""

from __future__ import annotations

from local.bedrock.errors import ResourceNotFoundError
from local.bedrock.state.account_region import AccountRegion
from local.bedrock.state.records import CustomModel, Deployment, Job, Throughput
from local.bedrock.state.store import Store


def find_job(store: Store, account_region: AccountRegion, identifier: str) -> Job:
    """The customization job with this name or ARN.

    Raises:
        ResourceNotFoundError: there is none.
    """
    job = store.jobs.find(account_region, identifier)
    if job is None:
        raise ResourceNotFoundError("The provided job identifier could not be found.")
    return job


def find_model(store: Store, account_region: AccountRegion, identifier: str) -> CustomModel:
    """The custom model with this name or ARN.

    Raises:
        ResourceNotFoundError: there is none.
    """
    model = store.models.find(account_region, identifier)
    if model is None:
        raise ResourceNotFoundError(f"The provided custom model could not be found: {identifier}")
    return model


def find_throughput(store: Store, account_region: AccountRegion, identifier: str) -> Throughput:
    """The provisioned throughput with this name or ARN.

    Raises:
        ResourceNotFoundError: there is none.
    """
    throughput = store.throughputs.find(account_region, identifier)
    if throughput is None:
        raise ResourceNotFoundError(f"Could not find the provisioned model: {identifier}")
    return throughput


def find_deployment(store: Store, account_region: AccountRegion, identifier: str) -> Deployment:
    """The custom model deployment with this name or ARN.

    Raises:
        ResourceNotFoundError: there is none.
    """
    deployment = store.deployments.find(account_region, identifier)
    if deployment is None:
        raise ResourceNotFoundError(f"Could not find the custom model deployment: {identifier}")
    return deployment
