"""Settings of the candidates (`candidates` in run.yaml) and of hyperparameters."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from pydantic import Field, field_validator

from tuner.core.strict_model import StrictModel

HyperparameterValue = int | float | str

MOST_CANDIDATES = 8
"""The most customizations of one run. A candidate's number is one digit of the names of its resources."""


class CandidateSettings(StrictModel):
    """One candidate, or a grid of them: a candidate for each combination of the listed values."""

    base_model: str | Annotated[tuple[str, ...], Field(min_length=1)] | None = Field(
        None,
        description="model id of the model to customize, by default the run's `base_model`; a list makes candidates of "
        "each. All base models of a run are of one family, and split text into the same tokens",
    )
    hyperparameters: dict[
        str, HyperparameterValue | Annotated[tuple[HyperparameterValue, ...], Field(min_length=1)]
    ] = Field(
        default_factory=dict,
        description="those that differ from the run's `hyperparameters`; a list of values makes a candidate of "
        "each, and several lists make one of each combination",
    )

    @field_validator("hyperparameters", mode="before")
    @classmethod
    def _booleans_are_not_numbers(cls, values: object) -> object:
        return without_booleans(values)

    @property
    def number(self) -> int:
        """How many candidates there are."""
        return math.prod(len(_listed(value)) for value in (self.base_model, *self.hyperparameters.values()))

    def each(self) -> Iterator[tuple[str | None, dict[str, HyperparameterValue]]]:
        """The base model, if one is named, and the hyperparameters of each candidate."""
        listed = [_listed(value) for value in self.hyperparameters.values()]
        for base_model, *values in itertools.product(_listed(self.base_model), *listed):
            yield base_model, dict(zip(self.hyperparameters, values, strict=True))


def check_number(candidates: Sequence[CandidateSettings]) -> None:
    """Raises ValueError for one candidate alone, and for more than a run can have."""
    number = sum(each.number for each in candidates)
    if candidates and not 2 <= number <= MOST_CANDIDATES:
        raise ValueError(
            f"must make 2 to {MOST_CANDIDATES} candidates, and makes {number}; a grid makes one of each combination"
        )


def _listed(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def without_booleans(values: object) -> object:
    """Hyperparameters without booleans, which Pydantic would convert to 1 and 0."""
    for name, value in values.items() if isinstance(values, dict) else ():
        for one in value if isinstance(value, list | tuple) else (value,):
            if isinstance(one, bool):
                raise ValueError(f"{name} must be a number or text, not {str(one).lower()}")
    return values
