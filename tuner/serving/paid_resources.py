"""Finds the paid resources of a deployment: endpoints of both kinds, and jobs in progress."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from tuner.artifacts.serving import EndpointKind
from tuner.aws.bedrock.resources import EndpointRequest, PaidKind, PaidResource
from tuner.core.resource_names import Tags, run_names, without_suffix


class Releasable(Protocol):
    """One kind of paid resource."""

    @property
    def kind(self) -> PaidKind:
        """The kind."""
        ...

    def list(self, name: str) -> Iterator[PaidResource]:
        """All resources whose name contains `name`; every resource of the account when `name` is empty."""
        ...

    def get(self, arn: str) -> PaidResource | None:
        """One resource, or None when it is gone."""
        ...

    def delete(self, arn: str) -> None:
        """Deletes the endpoint or stops the job. Raises StillAliveError when Bedrock refuses it now."""
        ...

    def tags(self, arn: str) -> Mapping[str, str]:
        """The resource's tags; empty when it is gone."""
        ...


class Endpoints(Releasable, Protocol):
    """One kind of endpoint."""

    @property
    def kind(self) -> EndpointKind:
        """The kind."""
        ...

    def create(self, request: EndpointRequest) -> str:
        """Creates an endpoint and returns its ARN."""
        ...

    def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        """Adds tags to an endpoint. Raises AwsError when it is gone."""
        ...


def run_id_of(resource: PaidResource, tags: Mapping[str, str], deployment: str) -> str:
    """The run that created a resource of this deployment: from its tag, or from its name when it has no tag."""
    return tags.get(Tags.RUN) or without_suffix(resource.name).removeprefix(f"{deployment}-")


def belongs_to(deployment: str, kind: Releasable, resource: PaidResource) -> bool:
    """Whether a resource belongs to the deployment: its name and its tag must both say so.

    The name is compared first, because reading the tags costs a call.
    """
    return _tags_of_own(deployment, kind, resource) is not None


def _tags_of_own(deployment: str, kind: Releasable, resource: PaidResource) -> Mapping[str, str] | None:
    """The tags of a resource that belongs to the deployment; None for any other."""
    if not resource.name.startswith(f"{deployment}-"):
        return None
    tags = kind.tags(resource.arn)
    return tags if tags.get(Tags.DEPLOYMENT) == deployment else None


def resources_of(deployment: str, kind: Releasable, run_id: str | None = None) -> Iterator[PaidResource]:
    """The deployment's resources of one kind: all of them, or those of one run, whatever their suffix.

    The tag decides to which run a resource belongs. Its name is not enough: a person who may start executions can name
    one like a job of another run.
    """
    names = run_names(deployment, run_id) if run_id else frozenset()
    shortest = min(names, key=len, default="")
    # One call finds all names of a run, because those with a suffix usually contain the one without. A name that was
    # shortened to Bedrock's limit does not: then everything with the deployment's prefix is listed.
    common = shortest if names and all(shortest in name for name in names) else f"{deployment}-"
    for resource in kind.list(common):
        if names and resource.name not in names:
            continue
        tags = _tags_of_own(deployment, kind, resource)
        if tags is not None and (run_id is None or tags.get(Tags.RUN, run_id) == run_id):
            yield resource
