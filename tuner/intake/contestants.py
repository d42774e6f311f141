"""Resolves whom the tuned model of a run is compared with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from tuner.artifacts.evaluation.contestants import BASE, MAIN_CONTESTANTS, Contestant
from tuner.aws.bedrock.resources import FoundationModel
from tuner.catalog import judge_or_assumed
from tuner.settings import ComparedWith, RunSettings


class Models(Protocol):
    """Bedrock's foundation models."""

    def foundation_model(self, model_id: str) -> FoundationModel | None:
        """The model, or None when the Region does not offer it."""
        ...


def contestants(settings: RunSettings, has_documents: bool) -> tuple[Contestant, ...]:
    """The contestants of a run. Base and tuned model are always there. Without serving, there are no others."""
    if settings.serving == "none":
        return MAIN_CONTESTANTS
    others = [each for each in settings.compared(has_documents) if each.name != BASE]
    return (*MAIN_CONTESTANTS, *map(_contestant, others))


def named(found: Iterable[Contestant], models: Models) -> tuple[Contestant, ...]:
    """The contestants, those with a model of their own with its name. Bedrock does not say what an ARN is of."""
    return tuple(
        each.model_copy(update={"model_name": _name(each.model, models)}) if each.model else each for each in found
    )


def _name(model: str, models: Models) -> str | None:
    described = None if model.startswith("arn:") else models.foundation_model(judge_or_assumed(model).foundation_model)
    return described.name if described else None


def _contestant(compared: ComparedWith) -> Contestant:
    return Contestant(name=compared.name, kind="model" if compared.model else compared.name, model=compared.model)
