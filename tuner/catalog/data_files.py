"""How the catalog's data files are read: frozen models, each with the sources of its facts."""

from __future__ import annotations

import datetime as dt
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, field_validator


class Data(BaseModel):
    """An entry of a data file; an unknown member is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(Data):
    """Where a fact is published, and when it was last read there."""

    text: str
    read: dt.date


class Sourced(Data):
    """An entry whose facts have sources, by their names in sources.yaml."""

    sources: tuple[str, ...]

    @field_validator("sources")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not names or (unknown := set(names) - set(sources())):
            raise ValueError(f"sources.yaml has no {', '.join(sorted(unknown)) if names else 'source for this entry'}")
        return names


def read(name: str) -> Any:
    """The data file of this name."""
    return yaml.safe_load(files(__package__).joinpath(name).read_text("utf-8"))


@cache
def sources() -> dict[str, Source]:
    """Every source by its name."""
    return {name: Source(**values) for name, values in read("sources.yaml").items()}
