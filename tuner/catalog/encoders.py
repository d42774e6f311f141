"""The encoders of BERTScore (encoders.yaml), and the check of a deployment's choice."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import yaml
from pydantic import Field

from tuner.core.strict_model import StrictModel
from tuner.core.wording import did_you_mean

PACKAGED = "all-MiniLM-L6-v2"
"""The encoder whose weights are a Python package, so that the build needs no model hub."""


class EncoderEntry(StrictModel):
    """An encoder whose best layer bert-score's authors measured. `package` is a Python package with its weights."""

    layer: int
    languages: tuple[str, ...]
    repository: str | None = None
    revision: str | None = None
    package: str | None = None
    baselines: dict[str, float] = Field(default_factory=dict)


@cache
def encoders() -> Mapping[str, EncoderEntry]:
    """All encoders by their names in bert-score."""
    document = yaml.safe_load(files("tuner.catalog").joinpath("encoders.yaml").read_text("utf-8"))
    return {name: EncoderEntry.model_validate(entry) for name, entry in document.items()}


def check_encoder(name: str, revision: str | None, layer: int | None) -> None:
    """Raises ValueError when the settings do not determine the encoder, its layer and the revision of its files."""
    if name == PACKAGED:
        return
    entry = encoders().get(name)
    if entry is None and layer is None:
        hint = did_you_mean(name, encoders(), otherwise="")
        raise ValueError(
            f"the best layer of this encoder is not known. {hint}{' ' if hint else ''}For a model that is not in "
            "tuner/catalog/encoders.yaml, set bertscore_layer. About two thirds of the model's layers is a good start."
        )
    # The files of a folder cannot change on a hub; those of a hub need a commit, so that each build is the same.
    pinned = revision or is_folder(name) or (entry and entry.revision)
    if not pinned:
        raise ValueError(
            "this encoder is downloaded from a model hub, where its files can change. Set bertscore_revision to the "
            "commit to download (40 hexadecimal digits, on the model's page under Files)."
        )


def is_folder(name: str) -> bool:
    """Whether a model's name is a path: absolute, or with a dot at its start."""
    return name.startswith(("/", "."))
