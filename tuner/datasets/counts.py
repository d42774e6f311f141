"""The family's limits on whole files: how many records, how many bytes."""

from __future__ import annotations

from collections.abc import Iterator

from tuner.catalog import Model
from tuner.catalog.models import Bounds
from tuner.datasets.findings import Flaw

_ADD = "Add records, or choose another base model."
_REMOVE = "Remove records, or choose another base model."


def record_counts(model: Model, training: int, validation: int | None, held_out: bool = False) -> Iterator[Flaw]:
    """record-count: how many records the files have, each and together. Source: the catalog's families.yaml.

    `validation` is None when there is none to count.
    """
    limits = model.family.records
    wanted = [("training", training, limits.training)]
    if validation is not None:
        wanted.append(("validation", validation, limits.validation))
        wanted.append(("training and validation together", training + validation, limits.together))
    for name, count, bounds in wanted:
        remedy = "Add records or a validation file." if held_out and name == "validation" else _ADD
        source = f"{name} data (held out from the training data)" if held_out and name == "validation" else name
        yield from _within(model, source, count, bounds, remedy)


def _within(model: Model, name: str, count: int, bounds: Bounds, too_few: str) -> Iterator[Flaw]:
    fewest, most = max(bounds[0] or 1, 1), bounds[1]
    subject = name if " " in name else f"{name} data"
    verb = "have" if name.endswith("together") else "has"
    subject += f" {verb} {count:,} record{'' if count == 1 else 's'}"
    if count < fewest:
        yield Flaw("record-count", f"the {subject}; {model.name} needs at least {fewest:,}.", too_few)
    elif most is not None and count > most:
        yield Flaw("record-count", f"the {subject}; {model.name} takes at most {most:,}.", _REMOVE)


def file_bytes(model: Model, name: str, size: int, most: int | None) -> Iterator[Flaw]:
    """file-size: how large the converted file is, since that is what Bedrock reads. Source: the catalog."""
    if most is not None and size > most:
        message = f"the {name} data has {size:,} bytes; {model.name} takes at most {most:,}."
        yield Flaw("file-size", message, "Remove records.")
