"""The limits of a model family for whole files: number of records, size and name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal

from tuner.catalog import Model
from tuner.catalog.models import Bounds
from tuner.core.wording import plural
from tuner.datasets.findings import Issue
from tuner.datasets.reading import Budget
from tuner.datasets.records.record import DataRole

_ADD = "Add records, or choose another base model."
_ADD_OR_UPLOAD = "Add records or a validation file."
# Questions are asked and scored in shards, and the history of an execution limits the number of shards.
MAX_QUESTIONS = 25_000
_REMOVE = "Remove records, or choose another base model."


def record_counts(
    model: Model, counts: Mapping[DataRole, int], held_out: bool = False, samples: int = 1
) -> Iterator[Issue]:
    """record-count: the number of records per file and together. Source: the catalog's families.yaml.

    `held_out` says that the validation records were taken from the training file. `samples` answers are given to each
    evaluation question.
    """
    yield from _training_counts(model, counts, held_out)
    if "evaluation" in counts:
        yield from _within(model, "evaluation", "evaluation data has", counts["evaluation"], (1, None))
        if counts["evaluation"] * samples > MAX_QUESTIONS:
            has = f"the evaluation data has {counts['evaluation']:,} records"
            has += f", and each is asked {samples} times (evaluation.samples)" if samples > 1 else ""
            message = f"{has}; a run takes at most {MAX_QUESTIONS:,}{' answers' if samples > 1 else ''}."
            yield Issue(
                "record-count",
                message,
                "Remove records: a random sample of a few hundred gives nearly the same result.",
                role="evaluation",
            )


def _training_counts(model: Model, counts: Mapping[DataRole, int], held_out: bool) -> Iterator[Issue]:
    """The limits of the files of a job. What they have together is not a second issue about the same lack."""
    limits, validation = model.family.records, counts.get("validation", 0)
    issues: list[Issue] = []
    if "training" in counts:
        name = f"training data (without {validation:,} held out for the validation) has"
        name = name if held_out else "training data has"
        issues += _within(model, "training", name, counts["training"], limits.training)
    if "validation" in counts:
        name = "validation data (held out from the training data) has" if held_out else "validation data has"
        add = _ADD_OR_UPLOAD if held_out else _ADD
        issues += _within(model, "validation", name, validation, limits.validation, add)
    if not issues and "training" in counts and "validation" in counts:
        together = counts["training"] + validation
        issues += _within(model, None, "training and validation together have", together, limits.together)
    yield from issues


def reading_budget(model: Model, role: DataRole, ends_at: float | None = None) -> Budget:
    """What may be read of a file of a run: no more records than could be used.

    Training data may have as many records as training and held-out validation data together. `ends_at` is passed to
    `Budget`.
    """
    limits = model.family.records
    if role == "evaluation":
        return Budget(MAX_QUESTIONS, "the most that a run takes", ends_at=ends_at)
    most = limits.validation[1]
    if role == "training":
        apart = None if None in (limits.training[1], most) else (limits.training[1] or 0) + (most or 0)
        most = limits.together[1] or apart
    if most is None:
        return Budget(ends_at=ends_at)
    return Budget(most, f"the most that {model.name} takes", ends_at=ends_at)


def _within(
    model: Model, role: DataRole | None, subject: str, count: int, bounds: Bounds, too_few: str = _ADD
) -> Iterator[Issue]:
    fewest, most = max(bounds[0] or 1, 1), bounds[1]
    has = f"the {subject} {plural(count, 'record')}"
    if count < fewest:
        yield Issue("record-count", f"{has}; {model.name} needs at least {fewest:,}.", too_few, role=role)
    elif most is not None and count > most:
        yield Issue("record-count", f"{has}; {model.name} takes at most {most:,}.", _REMOVE, role=role)


def file_bytes(model: Model, name: Literal["training", "validation"], size: int) -> Iterator[Issue]:
    """file-size: the size of the converted file, which is the one that Bedrock reads. Source: the catalog."""
    limits = model.family.file_bytes
    most = limits.training if name == "training" else limits.validation
    if most is not None and size > most:
        message = f"the {name} data has {size:,} bytes; {model.name} takes at most {most:,}."
        yield Issue("file-size", message, "Remove records.", role=name)


def file_name(model: Model, name: str) -> Iterator[Issue]:
    """file-name: the characters that the family allows in a file's name. Source: Amazon Nova User Guide.

    Only a warning, because a run writes the converted file under another name.
    """
    pattern = model.family.file_name_pattern
    if pattern and not re.fullmatch(pattern, name):
        message = f"{model.name} accepts only letters, digits, '_', '-', '/' and '.' in the name of a file."
        yield Issue("file-name", message, "Rename the file if you send it to Bedrock yourself.", severity="warning")
