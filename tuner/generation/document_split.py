"""Divides documents that are a whole dataset among training, validation and evaluation questions.

The division comes before the generation: no question of one set is about a part that another set is made from. It
depends on the documents and the settings only, so that a repeated step makes the same requests.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from tuner.catalog import Model
from tuner.core.errors import DatasetError
from tuner.core.run import DataRole
from tuner.core.wording import plural
from tuner.datasets.findings import Issue
from tuner.datasets.records.file_rules import record_counts
from tuner.generation.chunks import SMALL_CHUNK_CHARACTERS, Chunk
from tuner.settings.run.generation import GenerateSettings

MORE_QUESTIONS = "Add documents, raise generate.questions_per_part in run.yaml, or upload a training file of your own."
# A pair that repeats one of an earlier set is dropped. Evaluation questions are to stay, so they come first.
_ORDER: tuple[DataRole, ...] = ("evaluation", "validation", "training")
# With fewer sections than this for each set, the parts of a section are divided too.
_SECTIONS_PER_SET = 3


@dataclass(frozen=True, slots=True)
class GenerationSet:
    """A file to generate: its role, the parts of the documents that it is about, and how many pairs to ask for."""

    role: DataRole
    chunks: tuple[Chunk, ...]
    count: int


def planned_sets(
    chunks: Sequence[Chunk], roles: Collection[DataRole], settings: GenerateSettings, model: Model
) -> tuple[GenerationSet, ...]:
    """What a run generates: validation data beside a training file, or the sets of documents alone (`divide`)."""
    if "training" in roles:
        return divide(chunks, roles, settings, model)
    return tuple(GenerationSet(role, tuple(chunks), settings.count) for role in roles)


def divide(
    chunks: Sequence[Chunk], roles: Collection[DataRole], settings: GenerateSettings, model: Model
) -> tuple[GenerationSet, ...]:
    """A set for each role, in the order of the generation. The parts of a section stay together where possible.

    Raises DatasetError when the documents have too few parts for the sets, or for the records that the model needs.
    """
    order = [role for role in _ORDER if role in roles]
    if len(chunks) < len(order):
        raise DatasetError(
            f"The documents have {plural(len(chunks), 'part')} with text, of about {SMALL_CHUNK_CHARACTERS:,} "
            f"characters each. At least {len(order)} are needed: {' and '.join(reversed(order))} questions must be "
            "about different parts. Add documents, or upload a training file. Nothing has been spent on generating."
        )
    given = _filled(_assigned(_units(chunks, len(order)), _shares(order, settings)))
    sets = tuple(
        GenerationSet(role, tuple(given[role]), _count(role, len(given[role]), len(chunks), settings, model))
        for role in order
    )
    _refuse_too_few(sets, settings, model)
    return sets


def _shares(order: Sequence[DataRole], settings: GenerateSettings) -> dict[DataRole, float]:
    """The share of the text for each set. Training has what the others leave, and comes first where two are equal."""
    wanted: dict[DataRole, float] = {"validation": settings.validation_share, "evaluation": settings.evaluation_share}
    others = {role: wanted[role] for role in order if role != "training"}
    shares: dict[DataRole, float] = {"training": 1 - sum(others.values())}
    return shares | others


def _units(chunks: Sequence[Chunk], sets: int) -> list[tuple[Chunk, ...]]:
    """What stays together: the parts of a section; with few sections, each part for itself."""
    sections = [tuple(found) for _, found in groupby(chunks, lambda chunk: (chunk.document, chunk.section))]
    return sections if len(sections) >= sets * _SECTIONS_PER_SET else [(chunk,) for chunk in chunks]


def _assigned(
    units: Sequence[tuple[Chunk, ...]], shares: Mapping[DataRole, float]
) -> dict[DataRole, list[tuple[Chunk, ...]]]:
    """Gives each unit to the set that is furthest behind its share, so that every set is spread over all documents."""
    given: dict[DataRole, list[tuple[Chunk, ...]]] = {role: [] for role in shares}
    sizes = dict.fromkeys(shares, 0)
    passed = 0
    for unit in units:
        size = sum(len(chunk.text) for chunk in unit)
        passed += size
        role = max(shares, key=lambda role: shares[role] * passed - sizes[role])
        given[role].append(unit)
        sizes[role] += size
    return given


def _filled(given: dict[DataRole, list[tuple[Chunk, ...]]]) -> dict[DataRole, list[Chunk]]:
    """The parts of each set. An empty set gets the last unit of the set that has the most."""
    for units in given.values():
        if not units:
            units.append(max(given.values(), key=len).pop())
    return {role: [chunk for unit in units for chunk in unit] for role, units in given.items()}


def _count(role: DataRole, parts: int, all_parts: int, settings: GenerateSettings, model: Model) -> int:
    """The pairs to ask for: so many per part, fewer where all together would be more than the settings or the model
    allow.
    """
    per_part = min(settings.questions_per_part, settings.most / all_parts)
    limits = model.family.records
    most = {"training": limits.training[1], "validation": limits.validation[1]}.get(role)
    return max(1, min(int(parts * per_part), most or settings.most))


def _refuse_too_few(sets: Sequence[GenerationSet], settings: GenerateSettings, model: Model) -> None:
    issues = list(record_counts(model, {entry.role: entry.count for entry in sets}))
    if issues:
        raise DatasetError(
            f"The documents are too short for this model. {' '.join(_planned(sets, settings))} {sentences(issues)} "
            f"{MORE_QUESTIONS} Nothing has been spent on generating."
        )


def sentences(issues: Sequence[Issue]) -> str:
    """The messages of the issues, without their remedies, which are for files."""
    return " ".join(issue.message[0].upper() + issue.message[1:] for issue in issues)


def _planned(sets: Sequence[GenerationSet], settings: GenerateSettings) -> Iterator[str]:
    for entry in reversed(sets):
        yield (
            f"{entry.count} {entry.role} questions can be asked for, from {plural(len(entry.chunks), 'part')} "
            f"(generate.questions_per_part is {settings.questions_per_part})."
        )
