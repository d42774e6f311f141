"""Lookups by name or ARN that raise Bedrock's ResourceNotFoundError when there is no such resource."""

from __future__ import annotations

from typing import TypeVar

from local.bedrock.errors import ResourceNotFoundError
from local.bedrock.state.account_region import AccountRegion
from local.bedrock.state.records import CustomModel, Deployment, InvocationJob, Job, Throughput
from local.bedrock.state.store import Store

T = TypeVar("T")


def find_job(store: Store, account_region: AccountRegion, identifier: str) -> Job:
    """The customization job."""
    return _existing(store.jobs.find(account_region, identifier), "The provided job identifier could not be found.")


def find_invocation_job(store: Store, account_region: AccountRegion, identifier: str) -> InvocationJob:
    """The batch inference job."""
    found = store.invocation_jobs.find(account_region, identifier)
    return _existing(found, "The provided job identifier could not be found.")


def find_model(store: Store, account_region: AccountRegion, identifier: str) -> CustomModel:
    """The custom model."""
    found = store.models.find(account_region, identifier)
    return _existing(found, f"The provided custom model could not be found: {identifier}")


def find_throughput(store: Store, account_region: AccountRegion, identifier: str) -> Throughput:
    """The provisioned throughput."""
    found = store.throughputs.find(account_region, identifier)
    return _existing(found, f"Could not find the provisioned model: {identifier}")


def find_deployment(store: Store, account_region: AccountRegion, identifier: str) -> Deployment:
    """The custom model deployment."""
    found = store.deployments.find(account_region, identifier)
    return _existing(found, f"Could not find the custom model deployment: {identifier}")


def _existing(found: T | None, message: str) -> T:
    if found is None:
        raise ResourceNotFoundError(message)
    return found
