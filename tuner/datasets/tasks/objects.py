"""The JSON objects of an extraction: how an answer is parsed, and which types its fields have."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import NoReturn, TypeAlias

from tuner.catalog.tasks import FieldKind

Value: TypeAlias = "str | Decimal | bool | list[Value] | dict[str, Value] | None"
"""A parsed value. Numbers are `Decimal`, so that 0.1 is not rounded."""
ExtractedObject: TypeAlias = "dict[str, Value]"

# A block of code is the usual way in which a chat model gives JSON. Nothing else may surround the object.
_FENCE = re.compile(r"\A```[a-zA-Z]*(?P<inside>[ \t]*[\r\n{].*)```\Z", re.DOTALL)
# A byte-order mark and characters without width, around the object: they show nothing.
_INVISIBLE = "\ufeff\u200b\u2060"
# A number with a larger exponent is compared for seconds.
_LARGEST_EXPONENT = 400


class InvalidObjectError(ValueError):
    """A text is no JSON object. The message continues a sentence that begins with 'the answer'."""


def parse_object(text: str) -> ExtractedObject:
    """The object that a text is, or that a text with a block of code around it has. Raises InvalidObjectError.

    Stricter than Python's json module: NaN and Infinity, and a name that is there twice, are not JSON that programs
    can exchange (RFC 8259, sections 4 and 6).
    """
    plain = text.strip().strip(_INVISIBLE).strip()
    fenced = _FENCE.match(plain)
    try:
        value = json.loads(
            fenced["inside"] if fenced else plain,
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_float=_number,
            parse_int=_number,
        )
    except InvalidObjectError:
        raise
    except RecursionError:
        raise InvalidObjectError("is JSON with too many brackets in each other") from None
    except ValueError as error:
        raise InvalidObjectError(f"is not valid JSON ({getattr(error, 'msg', error)})") from None
    if not isinstance(value, dict):
        raise InvalidObjectError("is JSON, but no object in braces")
    return value


def is_fenced(text: str) -> bool:
    """Whether the text is a block of code."""
    return _FENCE.match(text.strip().strip(_INVISIBLE).strip()) is not None


def kind_of(value: Value) -> FieldKind | None:
    """The type of a parsed value. None for null, which every field can have."""
    if value is None:
        return None
    if isinstance(value, bool):  # before numbers: True is an int
        return "boolean"
    if isinstance(value, str):
        return "date" if as_date(value) is not None else "text"
    kinds: tuple[tuple[type, FieldKind], ...] = ((Decimal, "number"), (list, "list"))
    return next((kind for type_, kind in kinds if isinstance(value, type_)), "object")


def fits(value: Value, kind: FieldKind) -> bool:
    """Whether a value that is not null has the type. Every date is a text, too."""
    found = kind_of(value)
    return kind == "any" or found == kind or (kind == "text" and found == "date")


def as_date(text: str) -> date | datetime | None:
    """A date or a time in ISO 8601 (2026-11-28, 20261128, 2026-11-28T09:30Z); None for any other text.

    Forms such as 03/04/2026 mean different days in different countries.
    """
    plain = text.strip()
    if not re.match(r"\d{4}-?\d{2}-?\d{2}($|[T ])", plain):
        return None  # fromisoformat takes weeks and short forms too, which a number of 8 digits is not meant as
    try:
        return date.fromisoformat(plain) if len(plain) <= len("2026-11-28") else datetime.fromisoformat(plain)
    except ValueError:
        return None


def _unique(pairs: Sequence[tuple[str, Value]]) -> ExtractedObject:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidObjectError(f"has the field '{twice[:60]}' twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise InvalidObjectError(f"has {name}, which is no JSON")


def _number(text: str) -> Decimal:
    number = Decimal(text)
    if abs(number.adjusted()) > _LARGEST_EXPONENT:
        raise InvalidObjectError("has a number with too large an exponent")
    return number
