"""The foundation models and inference profiles that this Bedrock offers: the project's catalog, each one a stand-in."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from functools import cache

from local.bedrock.settings import Lifecycle, Settings
from tuner import catalog

ENGINE_NAMES = {
    "smollm2": "SmolLM2-135M-Instruct",
    "tiny": "tiny random-weight network",
    "instant": "no model at all",
}
SIMILARITY_JUDGE = "similarity judge"
PROVIDERS = {"amazon": "Amazon", "anthropic": "Anthropic", "cohere": "Cohere", "meta": "Meta"}


@dataclass(frozen=True, slots=True)
class FoundationModel:
    """A foundation model as AWS lists it: ids for customization and ids for invoking are models of their own."""

    id: str
    name: str
    tunable: catalog.Model | None = None
    on_demand: bool = True
    judges: bool = False
    retired: bool = False
    end_of_life: dt.date | None = None

    @property
    def provider(self) -> str:
        """As in GetFoundationModel's providerName."""
        return PROVIDERS.get(self.id.split(".")[0], self.id.split(".")[0].title())


@dataclass(frozen=True, slots=True)
class Profile:
    """A cross-Region inference profile; the `scope` is the first part of its id."""

    id: str
    name: str
    model_id: str
    regions: tuple[str, ...]


@cache
def foundation_models() -> dict[str, FoundationModel]:
    """By id."""
    found: dict[str, FoundationModel] = {}
    judging = {judge.foundation_model for judge in catalog.judges()}
    for model in catalog.models():
        for_tuning = FoundationModel(
            id=model.id,
            name=model.name,
            tunable=model,
            on_demand=False,
            retired=model.retired,
            end_of_life=model.end_of_life,
        )
        found[model.id] = for_tuning
        found[model.invoke_id] = replace(
            for_tuning,
            id=model.invoke_id,
            tunable=None,
            on_demand=not model.invoke_by_profile,
            judges=model.invoke_id in judging,
        )
    for judge in catalog.judges():
        by_profile_only = all(other.id != judge.foundation_model for other in catalog.judges())
        found.setdefault(
            judge.foundation_model,
            FoundationModel(id=judge.foundation_model, name=judge.name, on_demand=not by_profile_only, judges=True),
        )
    return found


@cache
def profiles() -> dict[str, Profile]:
    """By id."""
    found = {
        model.profile: Profile(model.profile, model.name, model.invoke_id, model.profile_regions)
        for model in catalog.models()
        if model.profile
    }
    for judge in catalog.judges():
        if judge.id != judge.foundation_model:
            found.setdefault(judge.id, Profile(judge.id, judge.name, judge.foundation_model, judge.regions))
    return found


def lifecycle(model: FoundationModel, settings: Settings) -> Lifecycle:
    """The override for the model's id, else what the mode says."""
    if model.id in settings.lifecycles:
        return settings.lifecycles[model.id]
    return "END_OF_LIFE" if model.retired and settings.lifecycle == "aws" else "ACTIVE"


def judge_name(settings: Settings) -> str:
    """What grades answers here."""
    if settings.judge_url:
        return f"{settings.judge_model or 'the first model'} at LOCAL_JUDGE_URL"
    return SIMILARITY_JUDGE


def stand_in_name(model: FoundationModel, settings: Settings) -> str:
    """The model's name with what really answers here.

    The service model allows names of 20 characters; being honest needs more, and no SDK checks a response's length.
    """
    tunable = any(entry.invoke_id == model.id for entry in catalog.models())
    engine, judge = ENGINE_NAMES[settings.engine], judge_name(settings)
    if not model.judges:
        return f"{model.name} (local stand-in: {engine})"
    return f"{model.name} (local stand-in: {f'{engine}; as a judge: {judge}' if tunable else judge})"
