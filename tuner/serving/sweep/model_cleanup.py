"""Deletes custom models that nothing uses: old ones, and the candidates of a run that were not chosen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, TypeVar

from tuner.artifacts.training import TrainingSummary
from tuner.aws.bedrock.resources import CustomModel
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.errors import ArtifactError, TunerError
from tuner.core.resource_names import Tags, candidate_number
from tuner.core.times import now
from tuner.serving.inventory import UsedByOthers
from tuner.serving.paid_resources import Releasable

T = TypeVar("T")


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


class DeletedModels(NamedTuple):
    """The ARNs of the models that were deleted, and why others were not: one of them does not keep the others."""

    arns: tuple[str, ...]
    errors: tuple[TunerError, ...] = ()


def delete_unused(
    models: Models,
    kinds: Sequence[Releasable],
    deployment: str,
    retention_days: int | None,
    status_of: Callable[[str], str | None],
    used_by_others: UsedByOthers = lambda *_: False,
) -> DeletedModels:
    """Deletes this deployment's unused models older than `retention_days` (None: keeps all).

    A model is kept when the gate accepted it, when any endpoint of the account serves it, or when a running execution
    uses it. That execution may have trained the model or adopted it. Name and tag must both be the deployment's.
    """
    if retention_days is None:
        return DeletedModels(())
    prefix, before = f"{deployment}-", now() - dt.timedelta(days=retention_days)
    # `nameContains` also finds the prefix in the middle of a name.
    old = [model for model in models.made_before(prefix, before) if model.name.startswith(prefix)]
    if not old:
        return DeletedModels(())
    served = {endpoint.model_arn for kind in kinds for endpoint in kind.list("")}

    def is_unused(model: CustomModel) -> bool:
        tags = models.tags(model.arn)
        if model.arn in served or tags.get(Tags.DEPLOYMENT) != deployment or tags.get(Tags.GATE) == "accepted":
            return False
        run_id = tags.get(Tags.RUN) or model.name.removeprefix(prefix)
        return status_of(run_id) != "RUNNING" and not used_by_others(model.name, tags, run_id)

    return _delete_each(old, lambda model: is_unused(model) and models.delete(model.arn), lambda model: model.arn)


def _delete_each(found: Iterable[T], delete: Callable[[T], bool], arn_of: Callable[[T], str]) -> DeletedModels:
    """Deletes one after another. An error of one, such as a denied deletion, is returned after the others."""
    deleted: list[str] = []
    errors: list[TunerError] = []
    for each in found:
        try:
            if delete(each):
                deleted.append(arn_of(each))
        except TunerError as error:
            errors.append(error)
    return DeletedModels(tuple(deleted), tuple(errors))


@dataclass(frozen=True, slots=True)
class UnchosenModels:
    """Deletes the models of candidates that were not chosen, after the run has succeeded.

    A run that failed or was stopped keeps them: the same run again uses them instead of training. `users_of` returns
    the runs that use a model with this name and these tags.
    """

    models: Models
    deployment: str
    folder_of: Callable[[str], RunFolder]
    users_of: Callable[[str, Mapping[str, str]], Collection[str]]
    status_of: Callable[[str], str | None]

    def of_run(self, run_id: str) -> DeletedModels:
        """Deletes the models of one run's candidates that were not chosen."""
        summary = self.folder_of(run_id).load_if_present(TrainingSummary)
        found = [
            (each.custom_model_arn, each.job_name)
            for each in (summary.candidates if summary else ())
            if each.custom_model_arn and not each.chosen
        ]
        return _delete_each(
            found, lambda each: self._is_unchosen(*each) and self.models.delete(each[0]), lambda each: each[0]
        )

    def all(self) -> DeletedModels:
        """Deletes the models that were not chosen, of all runs that have trained candidates."""
        prefix = f"{self.deployment}-"
        found = [
            model
            for model in self.models.made_before(prefix, now())
            if model.name.startswith(prefix) and candidate_number(model.name)
        ]
        return _delete_each(
            found,
            lambda model: self._is_known_unchosen(model) and self.models.delete(model.arn),
            lambda model: model.arn,
        )

    def _is_known_unchosen(self, model: CustomModel) -> bool:
        """Like `_is_unchosen`. A model whose runs cannot be read is kept, and the others are still deleted."""
        try:
            return self._is_unchosen(model.arn, model.name)
        except ArtifactError:
            return False

    def _is_unchosen(self, arn: str, name: str) -> bool:
        """Whether a run that has succeeded did not choose the model, and no other run has it or may choose it."""
        tags = self.models.tags(arn)
        if tags.get(Tags.DEPLOYMENT) != self.deployment or tags.get(Tags.GATE) == "accepted":
            return False
        uses = {self._use(run_id, arn) for run_id in self.users_of(name, tags)}
        return "unchosen" in uses and "needed" not in uses

    def _use(self, run_id: str, arn: str) -> Literal["needed", "unchosen", "none"]:
        status = self.status_of(run_id)
        if status == "RUNNING":
            return "needed"
        folder = self.folder_of(run_id)
        summary = folder.load_if_present(TrainingSummary)
        if summary is None:
            return "none"
        if summary.custom_model_arn == arn or folder.manifest().settings.keep_candidates:
            return "needed"
        return "unchosen" if status == "SUCCEEDED" else "none"
