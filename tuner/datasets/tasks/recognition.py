"""Recognises the task of a dataset from its answers. The rules are conservative: in doubt, the answers are free text.

docs/tasks.md has the rules for people. Everything here is for the training data; evaluation answers only confirm.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping

from tuner.artifacts.task import FieldSchema, TaskDescription
from tuner.catalog.tasks import FieldKind
from tuner.core.label_matching import LabelSet
from tuner.datasets.tasks.answers import Answers, FieldKinds
from tuner.settings import RunSettings

FEWEST_RECORDS = 20
MOST_LABELS = 100
# Each label has this many records on average, and at least as many as there are labels. Twenty people's names that are
# the answers of eighty questions are no labels.
FEWEST_PER_LABEL = 5
MOST_WORDS = 5
LONGEST = 50
# More numbers than those of a scale from 0 to 10 are results, not labels.
MOST_NUMBERS = 11
# Share of the evaluation answers that must be labels of the training data, or JSON objects.
KNOWN_SHARE = 0.8
FEWEST_OBJECTS = 5
OBJECT_SHARE = 0.9
# A field is required if this share of the objects has it, and has a type if this share of its values has it.
FIELD_SHARE = 0.9
_SENTENCE_ENDS = (".", "!", "?", "。", "！", "？")


def describe_task(settings: RunSettings, training: Answers, others: Iterable[Answers] = ()) -> TaskDescription:
    """The task that the settings name, or else the one that the answers have."""
    if settings.task == "classification":
        return _classification(settings, training, "run.yaml sets the task.", recognised=False)
    if settings.task == "extraction":
        return _extraction(settings, training, "run.yaml sets the task.", recognised=False)
    if settings.task == "answer":
        return TaskDescription(name="answer", recognised=False, sentence="run.yaml sets the task.")
    if not training.records:
        return TaskDescription(sentence="This is the default, because no training record can be used.")
    others = [each for each in others if each.records]
    if _has_objects(training) and all(len(each.objects) >= KNOWN_SHARE * each.records for each in others):
        count = f"{len(training.objects):,} of {training.records:,} training answers are JSON objects"
        return _extraction(settings, training, f"{count} with common fields.", recognised=True)
    if _has_labels(training) and all(_has_labels_of(training, each) for each in others):
        short = "labels, by the name of their field" if training.are_named_labels else "short labels"
        count = f"The {training.records:,} training answers are {len(training.labels)} different {short}."
        return _classification(settings, training, count, recognised=True)
    return TaskDescription(sentence="The answers are free text.")


def _has_labels(training: Answers) -> bool:
    """Whether the answers are a few short labels, each of them the answer of many questions.

    In a field with the name of a label, short answers are labels, also if each of them occurs once.
    """
    count = len(training.labels)
    if training.are_named_labels and not training.not_labels and count > 1:
        return all(_is_short(seen.usual) for seen in training.labels.values())
    if training.not_labels or training.records < FEWEST_RECORDS or not 2 <= count <= MOST_LABELS:
        return False
    if training.records < count * max(FEWEST_PER_LABEL, count):
        return False
    labels = [seen.usual for seen in training.labels.values()]
    if not all(map(_is_short, labels)):
        return False
    return count <= MOST_NUMBERS or not all(map(_is_number, labels))


def _is_short(label: str) -> bool:
    words = len(label.split())
    # A Chinese character says as much as half a word, and takes the width of two letters.
    width = sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in label)
    is_sentence = label.endswith(_SENTENCE_ENDS) and (words > 2 or width > len(label) + 4)
    return words <= MOST_WORDS and width <= LONGEST and not is_sentence


def _is_number(label: str) -> bool:
    return label.strip("+-−%€$£ ").replace(".", "").replace(",", "").isdigit()


def _has_labels_of(training: Answers, other: Answers) -> bool:
    """Whether nearly all answers of a file are labels of the training data."""
    if other.are_named_labels:  # a label that the training data does not have is a finding
        return True
    known = sum(len(seen.lines) for form, seen in other.labels.items() if form in training.labels)
    return known >= KNOWN_SHARE * other.records


def _has_objects(answers: Answers) -> bool:
    """Whether nearly all answers are JSON objects, and nearly all objects have a field in common."""
    if len(answers.objects) < max(FEWEST_OBJECTS, OBJECT_SHARE * answers.records):
        return False
    return any(field.required for field in fields_of(answers.objects.values()))


def _classification(settings: RunSettings, training: Answers, sentence: str, *, recognised: bool) -> TaskDescription:
    counted = {seen.usual: len(seen.lines) for seen in training.labels.values()}
    given = settings.classification.labels
    if given:
        known = LabelSet(given)
        by_form = Counter({known.named(label): count for label, count in counted.items()})
        counted = {label: by_form[label] for label in known.labels}
    return TaskDescription(name="classification", recognised=recognised, sentence=sentence, labels=counted)


def _extraction(settings: RunSettings, training: Answers, sentence: str, *, recognised: bool) -> TaskDescription:
    given = settings.extraction
    fields = tuple(
        FieldSchema(name=name, kind=kind, required=name not in given.optional, nullable=name in given.optional)
        for name, kind in given.fields.items()
    ) or fields_of(training.objects.values())
    return TaskDescription(name="extraction", recognised=recognised, sentence=sentence, fields=fields)


def fields_of(objects: Iterable[FieldKinds]) -> tuple[FieldSchema, ...]:
    """The fields of the objects: which ones most objects have, and of which type."""
    found: dict[str, Counter[FieldKind | None]] = {}
    count = 0
    for kinds in objects:
        count += 1
        for name, kind in kinds.items():
            found.setdefault(name, Counter())[kind] += 1
    return tuple(_field(name, kinds, count) for name, kinds in found.items())


def _field(name: str, kinds: Mapping[FieldKind | None, int], objects: int) -> FieldSchema:
    values = Counter({kind: number for kind, number in kinds.items() if kind is not None})
    # A text field can have a text that is a date.
    if "date" in values and values["text"] >= values["date"]:
        values["text"] += values.pop("date", 0)
    kind, number = values.most_common(1)[0] if values else ("any", 0)
    return FieldSchema(
        name=name,
        kind=kind if number >= FIELD_SHARE * values.total() else "any",
        required=sum(kinds.values()) >= FIELD_SHARE * objects,
        nullable=bool(kinds.get(None)),
    )
