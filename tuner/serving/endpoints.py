"""What serves a tuned model: provisioned throughput, or a custom model deployment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from tuner.artifacts.serving import EndpointKind
from tuner.aws.bedrock.resources import EndpointRequest, PaidKind, PaidResource
from tuner.core.resource_names import Tags, committed_name, resource_name


class Releasable(Protocol):
    """One kind of what is paid for while it lasts."""

    @property
    def kind(self) -> PaidKind:
        """Which one."""
        ...

    def list(self, name: str) -> Iterator[PaidResource]:
        """All that last and whose name contains `name`; every one of the account when it is empty."""
        ...

    def get(self, arn: str) -> PaidResource | None:
        """One, or None when it is gone."""
        ...

    def delete(self, arn: str) -> None:
        """Ends one; StillAliveError when Bedrock refuses now."""
        ...

    def tags(self, arn: str) -> Mapping[str, str]:
        """Its tags."""
        ...


class Endpoints(Releasable, Protocol):
    """One kind of endpoint."""

    @property
    def kind(self) -> EndpointKind:
        """Which one."""
        ...

    def create(self, request: EndpointRequest) -> str:
        """Creates one and returns its ARN."""
        ...

    def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        """Adds tags to it; AwsError when it is gone."""
        ...


def run_of(endpoint: PaidResource, tags: Mapping[str, str], deployment: str) -> str:
    """The run an endpoint of this deployment was made for: by its tag, or by its name where it has none."""
    return tags.get(Tags.RUN) or endpoint.name.removeprefix(f"{deployment}-").removesuffix("-committed")


def is_ours(endpoints: Releasable, endpoint: PaidResource, deployment: str) -> bool:
    """Whether an endpoint is this deployment's: both its name and its tag must say so."""
    if not endpoint.name.startswith(f"{deployment}-"):
        return False
    return endpoints.tags(endpoint.arn).get(Tags.DEPLOYMENT) == deployment


def owned(endpoints: Releasable, deployment: str, run_id: str | None = None) -> Iterator[PaidResource]:
    """This deployment's endpoints, all or those of one run, with and without a term."""
    names = {resource_name(deployment, run_id), committed_name(deployment, run_id)} if run_id else set()
    shortest = min(names, key=len, default="")
    # A name that was cut to its limit does not contain the other one.
    common = shortest if names and all(shortest in name for name in names) else f"{deployment}-"
    for endpoint in endpoints.list(common):
        if (not names or endpoint.name in names) and is_ours(endpoints, endpoint, deployment):
            yield endpoint
