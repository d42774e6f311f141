"""The family's limits on whole files: how many records, how many bytes, which names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal

from tuner.catalog import Model
from tuner.catalog.models import Bounds
from tuner.datasets.findings import Flaw
from tuner.datasets.records.record import Role

_ADD = "Add records, or choose another base model."
_ADD_OR_UPLOAD = "Add records or a validation file."
# They are asked and scored in shards, and an execution's history has room for a limited number of them.
MOST_QUESTIONS = 25_000
_REMOVE = "Remove records, or choose another base model."


def record_counts(model: Model, counts: Mapping[Role, int], held_out: bool = False) -> Iterator[Flaw]:
    """record-count: how many records the files have, each and together. Source: the catalog's families.yaml.

    `held_out` says that the validation records were taken from the training data.
    """
    limits = model.family.records
    if "training" in counts:
        yield from _within(model, "training data has", counts["training"], limits.training, _ADD)
    if "validation" in counts:
        name = "validation data (held out from the training data) has" if held_out else "validation data has"
        yield from _within(model, name, counts["validation"], limits.validation, _ADD_OR_UPLOAD if held_out else _ADD)
    if "training" in counts and "validation" in counts:
        together = counts["training"] + counts["validation"]
        yield from _within(model, "training and validation together have", together, limits.together, _ADD)
    if "evaluation" in counts:
        yield from _within(model, "evaluation data has", counts["evaluation"], (1, None), _ADD)
        if counts["evaluation"] > MOST_QUESTIONS:
            has = f"the evaluation data has {counts['evaluation']:,} records"
            message = f"{has}; a run takes at most {MOST_QUESTIONS:,}."
            yield Flaw("record-count", message, "Remove records: a sample of some hundred tells as much.")


def _within(model: Model, subject: str, count: int, bounds: Bounds, too_few: str) -> Iterator[Flaw]:
    fewest, most = max(bounds[0] or 1, 1), bounds[1]
    has = f"the {subject} {count:,} record{'' if count == 1 else 's'}"
    if count < fewest:
        yield Flaw("record-count", f"{has}; {model.name} needs at least {fewest:,}.", too_few)
    elif most is not None and count > most:
        yield Flaw("record-count", f"{has}; {model.name} takes at most {most:,}.", _REMOVE)


def file_bytes(model: Model, name: Literal["training", "validation"], size: int) -> Iterator[Flaw]:
    """file-size: how large the converted file is, since that is what Bedrock reads. Source: the catalog."""
    limits = model.family.file_bytes
    most = limits.training if name == "training" else limits.validation
    if most is not None and size > most:
        message = f"the {name} data has {size:,} bytes; {model.name} takes at most {most:,}."
        yield Flaw("file-size", message, "Remove records.")


def file_name(model: Model, name: str) -> Iterator[Flaw]:
    """file-name: which letters a file's name may have, where the family says so. Source: Amazon Nova User Guide.

    A warning: this project writes the converted file under a name of its own.
    """
    pattern = model.family.file_name_pattern
    if pattern and not re.fullmatch(pattern, name):
        message = f"{model.name} takes no file of this name: letters, digits, '_', '-', '/' and '.' only."
        yield Flaw("file-name", message, "Rename it before you give it to Bedrock yourself.", severity="warning")
