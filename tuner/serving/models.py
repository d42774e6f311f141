"""Deletes custom models that nothing uses, once they are older than the deployment keeps them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from tuner.run import Tags
from tuner.serving.endpoints import Endpoints
from tuner.times import now


@dataclass(frozen=True, slots=True)
class CustomModel:
    """A custom model of the account."""

    arn: str
    name: str
    created_at: dt.datetime


class Models(Protocol):
    """The account's custom models."""

    def made_before(self, name: str, before: dt.datetime) -> Iterator[CustomModel]:
        """Those whose name contains `name`, older than `before`."""
        ...

    def tags(self, arn: str) -> Mapping[str, str]:
        """A model's tags."""
        ...

    def delete(self, arn: str) -> bool:
        """Deletes one; False when it is in use."""
        ...


def delete_unused(
    models: Models,
    kinds: Sequence[Endpoints],
    deployment: str,
    retention_days: int | None,
    status_of: Callable[[str], str | None],
) -> tuple[str, ...]:
    """ARNs of what was deleted: this deployment's models older than `retention_days`; none when that is None.

    Left alone are models that a gate accepted, that any endpoint of the account serves, and that a running execution
    works with. Name and tag both have to be the deployment's.
    """
    if retention_days is None:
        return ()
    prefix, before = f"{deployment}-", now() - dt.timedelta(days=retention_days)
    old = [model for model in models.made_before(prefix, before) if model.name.startswith(prefix)]
    if not old:
        return ()
    served = {endpoint.model_arn for kind in kinds for endpoint in kind.list("")}
    unused = (
        model
        for model in old
        if model.arn not in served
        and _may_go(models.tags(model.arn), deployment)
        and status_of(model.name.removeprefix(prefix)) != "RUNNING"
    )
    return tuple(model.arn for model in unused if models.delete(model.arn))


def _may_go(tags: Mapping[str, str], deployment: str) -> bool:
    return tags.get(Tags.DEPLOYMENT) == deployment and tags.get(Tags.GATE) != "accepted"
