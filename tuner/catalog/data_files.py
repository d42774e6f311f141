"""Reads the YAML files of the catalog into strict models. Each entry has the sources of its facts."""

from __future__ import annotations

import datetime as dt
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from pydantic import field_validator

from tuner.core.strict_model import StrictModel


class Source(StrictModel):
    """A publication, and when it was last read."""

    text: str
    read: dt.date


class Sourced(StrictModel):
    """An entry with the sources of its facts, by their names in sources.yaml."""

    sources: tuple[str, ...]

    @field_validator("sources")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not names or (unknown := set(names) - set(sources())):
            raise ValueError(f"sources.yaml has no {', '.join(sorted(unknown)) if names else 'source for this entry'}")
        return names


def read(name: str) -> Any:
    """The parsed content of a data file."""
    return yaml.safe_load(files(__package__).joinpath(name).read_text("utf-8"))


@cache
def sources() -> dict[str, Source]:
    """All sources by name."""
    return {name: Source(**values) for name, values in read("sources.yaml").items()}
