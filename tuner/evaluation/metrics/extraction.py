"""The metric of extractions: whether the answer is a JSON object with the reference's fields and values."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from tuner.artifacts.evaluation.contestants import MAIN
from tuner.artifacts.evaluation.question_scores import AnswerScores
from tuner.artifacts.task import FieldSchema
from tuner.catalog.metrics import METRICS, field_measure
from tuner.catalog.tasks import FieldKind
from tuner.datasets.same_question.unicode_form import in_one_form
from tuner.datasets.tasks.objects import (
    ExtractedObject,
    InvalidObjectError,
    Value,
    as_date,
    fits,
    is_fenced,
    parse_object,
)
from tuner.evaluation.grading.graded_items import GradedItem, contestants_of
from tuner.evaluation.metrics.base import Grades, Measures, Metric, ScoringContext

# JSON's numbers, and those that people write as text: with a plus, or without a digit before the point.
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?")
# Typographic forms of the hyphen, which is also the minus, of the dash, the apostrophe and quotation marks.
_SAME_SIGN = str.maketrans("‐‑−–—’‘“”„", '-----\'\'"""')


class Extraction(Metric):
    """JSON validity, conformity with the schema, and the accuracy of each field and of all fields together.

    Null and a field that is not there are the same value. An answer that is no JSON object has every field wrong.
    """

    name = "extraction"
    measures = METRICS["extraction"]

    def grade(self, items: Sequence[GradedItem], context: ScoringContext) -> Grades:
        """The accuracy of a field is absent where the reference is no JSON object: see `Grades.counts`."""
        fields = context.task.fields
        references = [
            [found for text in (item.reference, *item.accepted) if (found := _object(text)) is not None]
            for item in items
        ]
        values = {
            name: [
                AnswerScores(measures=_best(item.answers[name], right, fields))
                for item, right in zip(items, references, strict=True)
            ]
            for name in contestants_of(items)
        }
        fenced = {f"{name}_fenced": sum(is_fenced(item.answers[name] or "") for item in items) for name in MAIN}
        return Grades(values, counts={**fenced, "unusable_references": references.count([])})


def _object(text: str) -> ExtractedObject | None:
    try:
        return parse_object(text)
    except InvalidObjectError:
        return None


def _best(answer: str | None, references: Sequence[ExtractedObject], fields: Sequence[FieldSchema]) -> Measures:
    """The measures of an answer; of several right objects, by the one that has the most fields in common with it."""
    found = [_measures(answer, reference, fields) for reference in references or (None,)]
    return max(found, key=lambda measures: measures.get("field_accuracy") or 0)


def _measures(answer: str | None, reference: ExtractedObject | None, fields: Sequence[FieldSchema]) -> Measures:
    """The measures of an answer. The measures of fields are absent where the reference is no object."""
    given = None if answer is None else _object(answer)
    failed = answer is None
    found: Measures = {
        "json_validity": None if failed else float(given is not None),
        "schema_conformity": None if failed else float(given is not None and conforms(given, fields)),
    }
    if reference is None:
        return found
    known = {field.name: field.kind for field in fields}
    # A reference can have a field that no training answer has.
    right = {
        name: given is not None and same_value(reference.get(name), given.get(name), known.get(name, "any"))
        for name in dict.fromkeys([*known, *reference])
    }
    found |= {field_measure(name).name: None if failed else float(right[name]) for name in known}
    if right:
        found["field_accuracy"] = None if failed else round(sum(right.values()) / len(right), 6)
        found["object_accuracy"] = None if failed else float(all(right.values()))
    return found


def conforms(given: ExtractedObject, fields: Sequence[FieldSchema]) -> bool:
    """Whether an object has all required fields, no others than the known ones, and each value has its type."""
    known = {field.name: field for field in fields}
    if not given.keys() <= known.keys() or any(field.required and field.name not in given for field in fields):
        return False
    return all(
        known[name].nullable if value is None else fits(value, known[name].kind) for name, value in given.items()
    )


def same_value(reference: Value, given: Value, kind: FieldKind) -> bool:
    """Whether two parsed values of a field are the same. docs/tasks.md says how each type is compared."""
    if reference is None or given is None:
        return reference is given
    if isinstance(reference, bool) or isinstance(given, bool):
        return _boolean(reference) is not None and _boolean(reference) is _boolean(given)
    if isinstance(reference, list) and isinstance(given, list):
        return _same_items(reference, given)
    if isinstance(reference, dict) and isinstance(given, dict):
        names = reference.keys() | given.keys()
        return all(same_value(reference.get(name), given.get(name), "any") for name in names)
    if isinstance(reference, list | dict) or isinstance(given, list | dict):
        return False
    if kind == "number" or isinstance(reference, Decimal):
        one, other = _decimal(reference), _decimal(given)
        if one is not None and other is not None:
            return one == other
    if isinstance(reference, str) and isinstance(given, str) and kind in ("date", "any"):
        days = as_date(reference), as_date(given)
        if days[0] is not None and days[1] is not None:
            return _same_time(days[0], days[1])
    return _plain(str(reference)) == _plain(str(given))


def _same_items(reference: Sequence[Value], given: Sequence[Value]) -> bool:
    """Whether two lists have the same items, in any order."""
    if len(reference) != len(given):
        return False
    left = list(given)
    for item in reference:
        found = next((at for at, other in enumerate(left) if same_value(item, other, "any")), None)
        if found is None:
            return False
        del left[found]
    return True


def _decimal(value: Value) -> Decimal | None:
    """A number, also one that is written as text. Separators of thousands differ between countries, so none counts."""
    if isinstance(value, Decimal):
        return value
    plain = "".join(map(_ascii_digit, _plain(value))) if isinstance(value, str) else ""
    return Decimal(plain) if _NUMBER.fullmatch(plain) else None


def _ascii_digit(character: str) -> str:
    """The ASCII digit of a digit of any script, such as Arabic or Devanagari; any other character as it is."""
    return str(unicodedata.decimal(character, character))


def _boolean(value: Value) -> bool | None:
    """True or false, also as text."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(_plain(value)) if isinstance(value, str) else None


def _same_time(one: date | datetime, other: date | datetime) -> bool:
    """A day equals the time at its beginning. A time with an offset never equals one without."""
    return _time(one) == _time(other)


def _time(value: date | datetime) -> datetime:
    return value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)


def _plain(text: str) -> str:
    """A text without what does not change a value. That is case, Unicode form, width, spaces, and typographic signs.

    The case is folded with `lower`: `casefold` would make the German words Maße and Masse equal.
    """
    return " ".join(in_one_form(text).translate(_SAME_SIGN).lower().split())
