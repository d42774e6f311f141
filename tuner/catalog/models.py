"""Reads the catalog's data files into frozen models."""

from __future__ import annotations

import datetime as dt
import difflib
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict

from tuner.errors import ModelUnavailableError

RecordFormat = Literal["converse", "anthropic", "prompt_completion"]
Bounds = tuple[int | None, int | None]


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Hyperparameter(_Data):
    """Bedrock takes every value as a string; `minimum` and `maximum` are inclusive."""

    kind: Literal["integer", "number"]
    minimum: float
    maximum: float
    default: float


class Records(_Data):
    """How many records each file may have (smallest, largest); None is not documented."""

    training: Bounds
    validation: Bounds
    together: Bounds


class FileBytes(_Data):
    """The largest file, in bytes."""

    training: int | None
    validation: int | None


class Family(_Data):
    """What all models of a family share."""

    name: str
    vendor: str
    record_format: RecordFormat
    records: Records
    tokens_per_record: int
    characters_per_token: float
    file_bytes: FileBytes
    reserved_strings: tuple[str, ...]
    file_name_pattern: str | None
    on_demand_deployment: bool
    hyperparameters: dict[str, Hyperparameter]

    @property
    def stops_early(self) -> bool:
        """Whether a job of this family ends by itself when the validation loss stops falling."""
        return "earlyStoppingPatience" in self.hyperparameters


class Model(_Data):
    """A model that can be customized."""

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

    @property
    def base_endpoint(self) -> str:
        """What Converse is given to ask the base model on demand."""
        return self.profile if self.invoke_by_profile and self.profile else self.invoke_id


class Judge(_Data):
    """A model that grades answers."""

    id: str
    name: str
    foundation_model: str
    regions: tuple[str, ...]
    sampling: Literal["either", "both", "none"]


def _read(name: str) -> Any:
    return yaml.safe_load(files(__package__).joinpath(name).read_text("utf-8"))


@cache
def _families() -> dict[str, Family]:
    return {name: Family(name=name, **values) for name, values in _read("families.yaml").items()}


@cache
def models() -> tuple[Model, ...]:
    """Every model of the catalog, those past their end of life included."""
    found = []
    for entry in _read("models.yaml"):
        family = _families()[entry.pop("family")]
        entry.setdefault("tokens_per_record", family.tokens_per_record)
        found.append(Model(family=family, **entry))
    return tuple(found)


@cache
def judges() -> tuple[Judge, ...]:
    """Every judge of the catalog."""
    return tuple(Judge(**entry) for entry in _read("judges.yaml"))


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
    close = difflib.get_close_matches(model_id, tunable, n=1)
    hint = f"Did you mean '{close[0]}'?" if close else f"Tunable: {', '.join(tunable)}."
    raise ModelUnavailableError(f"base_model: '{model_id}' cannot be tuned on Amazon Bedrock. {hint}")


def family_of(model_id: str) -> Family:
    """The family of the model with this customization id; raises as `model` does."""
    return model(model_id).family


def judge(judge_id: str) -> Judge | None:
    """The judge with this id, or None when the catalog does not know it."""
    return next((entry for entry in judges() if entry.id == judge_id), None)
