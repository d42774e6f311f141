"""BERTScore's encoders, as data: encoders.yaml beside this file."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import yaml
from pydantic import BaseModel, ConfigDict

PACKAGED = "all-MiniLM-L6-v2"
"""The encoder whose weights come as a Python package, so that a build needs no download from a model hub."""


class EncoderEntry(BaseModel):
    """An encoder whose best layer bert-score's authors measured. `package` is a Python package with its weights."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    layer: int
    languages: tuple[str, ...]
    repository: str | None = None
    revision: str | None = None
    package: str | None = None
    baselines: dict[str, float] = {}


@cache
def encoders() -> Mapping[str, EncoderEntry]:
    """Every encoder by its name in bert-score."""
    document = yaml.safe_load(files("tuner.catalog").joinpath("encoders.yaml").read_text("utf-8"))
    return {name: EncoderEntry.model_validate(entry) for name, entry in document.items()}


def check_encoder(name: str, revision: str | None, layer: int | None) -> None:
    """Raises ValueError when the settings do not say which encoder to build, exactly."""
    if name == PACKAGED:
        return
    entry = encoders().get(name)
    if entry is None and layer is None:
        close = difflib.get_close_matches(name, encoders(), n=1)
        hint = f" Did you mean '{close[0]}'?" if close else ""
        raise ValueError(
            f"its best layer is not known.{hint} For a model that is not in "
            "tuner/catalog/encoders.yaml, set bertscore_layer: about two thirds of its layers is a good start."
        )
    pinned = revision or is_folder(name) or (entry and entry.revision)
    if not pinned:
        raise ValueError(
            "it is downloaded from a model hub, where its files may change. Set "
            "bertscore_revision to the commit to download (40 hexadecimal digits, on the model's page under Files)."
        )


def is_folder(name: str) -> bool:
    """Whether a model's name is a path: absolute, or begun with a dot."""
    return name.startswith(("/", "."))
