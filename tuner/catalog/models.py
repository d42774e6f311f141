"""The models that can be customized, and their families: limits, hyperparameters, ids and ends of life."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Literal

from tuner.catalog.data_files import Sourced, read
from tuner.core.errors import ModelUnavailableError
from tuner.core.strict_model import StrictModel
from tuner.core.wording import did_you_mean

RecordFormat = Literal["converse", "anthropic", "prompt_completion"]
Bounds = tuple[int | None, int | None]


class Hyperparameter(StrictModel):
    """The range and the default of a hyperparameter. `minimum` and `maximum` are inclusive."""

    kind: Literal["integer", "number"]
    minimum: float
    maximum: float
    default: float


class Records(StrictModel):
    """The minimum and the maximum number of records. None: AWS documents no limit."""

    training: Bounds
    validation: Bounds
    together: Bounds


class FileBytes(StrictModel):
    """The maximum size of a file in bytes. None: AWS documents no limit."""

    training: int | None
    validation: int | None


class Family(Sourced):
    """The properties of all models of a family. `unconfirmed` lists those that AWS's documentation does not state."""

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
    tool_use: bool = False
    unconfirmed: tuple[str, ...] = ()
    hyperparameters: dict[str, Hyperparameter]

    @property
    def on_demand_deployment(self) -> bool:
        """Whether a custom model of the family can be deployed on demand."""
        return bool(self.on_demand_regions)

    @property
    def stops_early(self) -> bool:
        """Whether a customization job can end early, when the validation loss stops falling."""
        return "earlyStoppingPatience" in self.hyperparameters


class DeploymentQuota(StrictModel):
    """The quotas of one on-demand deployment of a custom model."""

    requests_per_minute: int
    tokens_per_minute: int


class Model(Sourced):
    """A model that can be customized, or could be (`retired`).

    `id` is the id for customization, `invoke_id` the id for invoking the base model. The recommended number of warm-up
    steps is the number of training records divided by `warmup_divisor`.
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
        """The model id for Converse, to invoke the base model on demand."""
        return self.profile if self.invoke_by_profile and self.profile else self.invoke_id

    def instead(self, region: str) -> tuple[str, ...]:
        """The replacements in this Region. If there is none, those in other Regions."""
        here = {entry.id for entry in models() if region in entry.regions and not entry.retired}
        return tuple(entry for entry in self.replacements if entry in here) or self.replacements


@cache
def _families() -> dict[str, Family]:
    return {name: Family(name=name, **values) for name, values in read("families.yaml").items()}


@cache
def models() -> tuple[Model, ...]:
    """All models of the catalog, including those past their end of life."""
    found = []
    for entry in read("models.yaml"):
        family = _families()[entry.pop("family")]
        # A model can have another limit than its family.
        entry.setdefault("tokens_per_record", family.tokens_per_record)
        found.append(Model(family=family, **entry))
    return tuple(found)


def model(model_id: str) -> Model:
    """The model with this customization id.

    Raises ModelUnavailableError that names the nearest model that can be customized.
    """
    by_id = {entry.id: entry for entry in models()}
    if model_id in by_id:
        return by_id[model_id]
    by_invoke_id = {name: entry.id for entry in models() for name in (entry.invoke_id, entry.profile) if name}
    if model_id in by_invoke_id:
        raise ModelUnavailableError(
            f"base_model: '{model_id}' is the id for invoking; customization needs '{by_invoke_id[model_id]}'."
        )
    tunable = [entry.id for entry in models() if not entry.retired]
    # An ARN ends with the id, after a slash.
    hint = did_you_mean(model_id.rpartition("/")[2], tunable, otherwise=f"Models that can be: {', '.join(tunable)}.")
    raise ModelUnavailableError(f"base_model: '{model_id}' cannot be customized on Amazon Bedrock. {hint}")


def family_of(model_id: str) -> Family:
    """The family of the model with this customization id. Raises ModelUnavailableError as `model` does."""
    return model(model_id).family
