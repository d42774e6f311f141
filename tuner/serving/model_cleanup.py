"""Deletes custom models that nothing uses, once they are older than the deployment's retention period."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from tuner.aws.bedrock.resources import CustomModel
from tuner.core.resource_names import Tags
from tuner.core.times import now
from tuner.serving.inventory import UsedByOthers
from tuner.serving.paid_resources import Releasable


class Models(Protocol):
    """The account's custom models."""

    def made_before(self, name: str, before: dt.datetime) -> Iterator[CustomModel]:
        """Models older than `before` whose name contains `name`."""
        ...

    def tags(self, arn: str) -> Mapping[str, str]:
        """A model's tags."""
        ...

    def delete(self, arn: str) -> bool:
        """Deletes a model. False when it is in use."""
        ...


def delete_unused(
    models: Models,
    kinds: Sequence[Releasable],
    deployment: str,
    retention_days: int | None,
    status_of: Callable[[str], str | None],
    used_by_others: UsedByOthers = lambda *_: False,
) -> tuple[str, ...]:
    """Deletes this deployment's unused models older than `retention_days` (None: keeps all), and returns their ARNs.

    A model is kept when the gate accepted it, when any endpoint of the account serves it, or when a running execution
    uses it, whether that run trained the model or adopted it. Name and tag must both be the deployment's.
    """
    if retention_days is None:
        return ()
    prefix, before = f"{deployment}-", now() - dt.timedelta(days=retention_days)
    # `nameContains` also finds the prefix in the middle of a name.
    old = [model for model in models.made_before(prefix, before) if model.name.startswith(prefix)]
    if not old:
        return ()
    served = {endpoint.model_arn for kind in kinds for endpoint in kind.list("")}

    def is_unused(model: CustomModel) -> bool:
        tags = models.tags(model.arn)
        if model.arn in served or tags.get(Tags.DEPLOYMENT) != deployment or tags.get(Tags.GATE) == "accepted":
            return False
        run_id = tags.get(Tags.RUN) or model.name.removeprefix(prefix)
        return status_of(run_id) != "RUNNING" and not used_by_others(model.name, tags, run_id)

    return tuple(model.arn for model in old if is_unused(model) and models.delete(model.arn))
