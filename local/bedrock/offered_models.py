"""The foundation models and inference profiles that the local Bedrock offers: those of the project's catalog."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from functools import cache
from typing import cast

from local.bedrock.errors import ValidationError
from local.bedrock.state.account_region import AccountRegion
from local.bedrock.state.settings import Lifecycle, Settings
from local.trainer.spec import LEFT_OUT, NetworkName
from tuner import catalog
from tuner.costs.prices.price_list import price

ENGINE_NAMES = {
    "smollm2": "SmolLM2-135M-Instruct",
    "tiny": "tiny random-weight network",
    "instant": "no model at all",
}
# Base models of one family differ: these have a shorter network. Which is better says nothing about the real models.
_SHORTER = ("amazon.nova-lite-v1:0", "meta.llama3-1-8b-instruct-v1:0")
SIMILARITY_JUDGE = "similarity judge"
PROVIDERS = {"amazon": "Amazon", "anthropic": "Anthropic", "cohere": "Cohere", "meta": "Meta"}


@dataclass(frozen=True, slots=True)
class FoundationModel:
    """A foundation model as AWS lists it. Bedrock has separate model ids for customization and for invocation."""

    id: str
    name: str
    tunable: catalog.Model | None = None
    on_demand: bool = True
    judges: bool = False
    retired: bool = False
    end_of_life: dt.date | None = None

    @property
    def provider(self) -> str:
        """The providerName of GetFoundationModel."""
        return PROVIDERS.get(self.id.split(".")[0], self.id.split(".")[0].title())


def supports_batch(model: FoundationModel) -> bool:
    """Whether batch inference jobs can ask the model: those that AWS supports have a price for it."""
    return price("batch_input", model.id) is not None


@dataclass(frozen=True, slots=True)
class Profile:
    """A cross-Region inference profile. Its id begins with its geography, such as `us.`."""

    id: str
    name: str
    model_id: str
    regions: tuple[str, ...]


def network_of(engine: str, model_id: str) -> NetworkName:
    """The network that stands in for a base model. The engine is not `instant`, which has no network."""
    shorter = engine != "instant" and model_id.startswith(_SHORTER)
    return cast("NetworkName", f"{engine}-short" if shorter else engine)


def network_title(engine: str, model_id: str) -> str:
    """What names of models and answers call the network."""
    left_out = LEFT_OUT.get(network_of(engine, model_id))
    return f"{ENGINE_NAMES[engine]} without {len(left_out)} of its layers" if left_out else ENGINE_NAMES[engine]


@cache
def foundation_models() -> dict[str, FoundationModel]:
    """All models by id."""
    found: dict[str, FoundationModel] = {}
    judging = {judge.foundation_model for judge in catalog.judges()}
    for model in catalog.models():
        for_tuning = FoundationModel(
            id=model.id,
            name=model.name,
            tunable=model,
            # The id for customization, such as `:128k`, cannot be invoked. Another id of the same model can.
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
        # A judge that the catalog lists only under profile ids cannot be invoked by its foundation model's id.
        by_profile_only = all(other.id != judge.foundation_model for other in catalog.judges())
        found.setdefault(
            judge.foundation_model,
            FoundationModel(id=judge.foundation_model, name=judge.name, on_demand=not by_profile_only, judges=True),
        )
    return found


@cache
def profiles() -> dict[str, Profile]:
    """All inference profiles by id."""
    found = {
        model.profile: Profile(model.profile, model.name, model.invoke_id, model.profile_regions)
        for model in catalog.models()
        if model.profile
    }
    for judge in catalog.judges():
        if judge.id != judge.foundation_model:
            found.setdefault(judge.id, Profile(judge.id, judge.name, judge.foundation_model, judge.regions))
    return found


def model_id_of(identifier: str) -> str:
    """The model id in an ARN of a foundation model; an id is returned unchanged."""
    return identifier.rsplit("foundation-model/", 1)[-1]


def lifecycle(model: FoundationModel, settings: Settings) -> Lifecycle:
    """The lifecycle status of a model: the setting for its id if there is one, else by the setting `lifecycle`."""
    if model.id in settings.lifecycles:
        return settings.lifecycles[model.id]
    return "END_OF_LIFE" if model.retired and settings.lifecycle == "aws" else "ACTIVE"


def tunable_model(settings: Settings, account_region: AccountRegion, identifier: str) -> catalog.Model:
    """The model that a customization job may start from.

    Raises:
        ValidationError: the model is unknown, past its end of life or not tunable, or, with lifecycle=aws, not offered
            in this Region.
    """
    model = foundation_models().get(model_id_of(identifier))
    if model is None or lifecycle(model, settings) == "END_OF_LIFE":
        raise ValidationError("The provided model identifier is invalid.")
    if model.tunable is None:
        raise ValidationError(f"The model {model.id} does not support FINE_TUNING customization.")
    if settings.lifecycle == "aws" and account_region.region not in model.tunable.regions:
        raise ValidationError("The provided model identifier is invalid.")
    return model.tunable


def judge_name(settings: Settings) -> str:
    """The name of what grades answers: the judge server's model, or the similarity judge."""
    if settings.judge_url:
        return f"{settings.judge_model or 'the first model'} at LOCAL_JUDGE_URL"
    return SIMILARITY_JUDGE


def stand_in_name(model: FoundationModel, settings: Settings) -> str:
    """The model's name, followed by the name of what answers instead of it.

    The service model limits names to 20 characters. This name is longer on purpose; no SDK validates responses.
    """
    tunable = any(entry.invoke_id == model.id for entry in catalog.models())
    engine, judge = network_title(settings.engine, model.id), judge_name(settings)
    if not model.judges:
        return f"{model.name} (local stand-in: {engine})"
    return f"{model.name} (local stand-in: {f'{engine}; as a judge: {judge}' if tunable else judge})"
