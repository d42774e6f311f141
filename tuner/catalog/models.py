"""Reads the catalog's data files into frozen models."""

from __future__ import annotations

import datetime as dt
import difflib
from functools import cache
from typing import Literal

from tuner.catalog.data_files import Data, Sourced, read
from tuner.core.errors import ModelUnavailableError

RecordFormat = Literal["converse", "anthropic", "prompt_completion"]
Bounds = tuple[int | None, int | None]


class Hyperparameter(Data):
    """Bedrock takes every value as a string; `minimum` and `maximum` are inclusive."""

    kind: Literal["integer", "number"]
    minimum: float
    maximum: float
    default: float


class Records(Data):
    """How many records each file may have (smallest, largest); None is not documented."""

    training: Bounds
    validation: Bounds
    together: Bounds


class FileBytes(Data):
    """The largest file, in bytes."""

    training: int | None
    validation: int | None


class Family(Sourced):
    """What all models of a family share. `unconfirmed` is what AWS's own pages do not say of it."""

    name: str
    vendor: str
    record_format: RecordFormat
    records: Records
    tokens_per_record: int
    characters_per_token: float
    file_bytes: FileBytes
    reserved_strings: tuple[str, ...]
    file_name_pattern: str | None
    on_demand_regions: tuple[str, ...]
    unconfirmed: tuple[str, ...] = ()
    hyperparameters: dict[str, Hyperparameter]

    @property
    def on_demand_deployment(self) -> bool:
        """Whether a custom model of the family can be deployed on demand."""
        return bool(self.on_demand_regions)

    @property
    def stops_early(self) -> bool:
        """Whether a job of this family ends by itself when the validation loss stops falling."""
        return "earlyStoppingPatience" in self.hyperparameters


class DeploymentQuota(Data):
    """What one on-demand deployment of a custom model takes."""

    requests_per_minute: int
    tokens_per_minute: int


class Model(Sourced):
    """A model that can be customized.

    AWS recommends as many warm-up steps as there are training records, divided by `warmup_divisor`.
    """

    id: str
    invoke_id: str
    name: str
    family: Family
    regions: tuple[str, ...]
    profile: str | None = None
    profile_regions: tuple[str, ...] = ()
    invoke_by_profile: bool = False
    tokens_per_record: int
    retired: bool = False
    end_of_life: dt.date | None = None
    replacements: tuple[str, ...] = ()
    warmup_divisor: int | None = None
    deployment_quota: DeploymentQuota | None = None
    price_name: str | None = None

    @property
    def base_endpoint(self) -> str:
        """What Converse is given to ask the base model on demand."""
        return self.profile if self.invoke_by_profile and self.profile else self.invoke_id

    def instead(self, region: str) -> tuple[str, ...]:
        """What to use in its place in this Region; where nothing is known for it, what other Regions have."""
        here = {entry.id for entry in models() if region in entry.regions and not entry.retired}
        return tuple(entry for entry in self.replacements if entry in here) or self.replacements


@cache
def _families() -> dict[str, Family]:
    return {name: Family(name=name, **values) for name, values in read("families.yaml").items()}


@cache
def models() -> tuple[Model, ...]:
    """Every model of the catalog, those past their end of life included."""
    found = []
    for entry in read("models.yaml"):
        family = _families()[entry.pop("family")]
        entry.setdefault("tokens_per_record", family.tokens_per_record)
        found.append(Model(family=family, **entry))
    return tuple(found)


def model(model_id: str) -> Model:
    """The model with this customization id.

    Raises ModelUnavailableError, naming the nearest one that can be tuned, when there is none.
    """
    by_id = {entry.id: entry for entry in models()}
    if model_id in by_id:
        return by_id[model_id]
    by_invoke_id = {name: entry.id for entry in models() for name in (entry.invoke_id, entry.profile) if name}
    if model_id in by_invoke_id:
        raise ModelUnavailableError(
            f"base_model: '{model_id}' is the id for invoking; customization takes '{by_invoke_id[model_id]}'."
        )
    tunable = [entry.id for entry in models() if not entry.retired]
    close = difflib.get_close_matches(model_id.rpartition("/")[2].strip().lower(), tunable, n=1)
    hint = f"Did you mean '{close[0]}'?" if close else f"Tunable: {', '.join(tunable)}."
    raise ModelUnavailableError(f"base_model: '{model_id}' cannot be tuned on Amazon Bedrock. {hint}")


def family_of(model_id: str) -> Family:
    """The family of the model with this customization id; raises as `model` does."""
    return model(model_id).family
