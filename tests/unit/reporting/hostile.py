"""Fills every member of a model with foreign text, also those that a sample leaves empty and the keys of mappings."""

from __future__ import annotations

import re
import types
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from enum import Enum
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

# Where a rule refuses foreign text: a time, names that are parts of keys, numbers as text.
_PLAIN = (
    "2026-11-23T08:50:00Z",
    "tuned",
    "base",
    "faq-0123456789ab",
    "0" * 64,
    "a.jsonl",
    "amazon.nova-micro-v1:0",
    "1",
)
_MOST_LEVELS = 12
_TIME = re.compile(r"(^|_)(at|until)$")
M = TypeVar("M", bound=BaseModel)


def filled(model: type[M], poison: str, sample: Mapping[str, Any] | None = None) -> M:
    """The model with `poison` in every text that it accepts.

    Members that break a rule over several of them have the value of `sample`, or are left out.
    """
    document = _of_model(model, poison, 0)
    for _ in range(200):
        try:
            return model.model_validate(document)
        except ValidationError as error:
            for each in error.errors():
                _give_up(document, sample or {}, each["loc"])
    raise AssertionError(f"{model.__name__} takes no such document")


def texts(value: Any) -> Iterator[str]:
    """All texts of a document, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from texts(key)
            yield from texts(each)
    elif isinstance(value, Sequence):
        for each in value:
            yield from texts(each)


def _give_up(document: Any, sample: Any, place: Sequence[int | str]) -> None:
    """Replaces the member at a place, or the nearest one above it, by that of the sample; without one, removes it."""
    parents: list[tuple[Any, Any]] = [(document, sample)]
    for step in place:
        inner, like = parents[-1]
        members = dict(enumerate(inner)) if isinstance(inner, list) else inner if isinstance(inner, dict) else {}
        if step not in members:
            break
        found = like.get(step) if isinstance(like, Mapping) else None
        parents.append((members[step], found))
    depth = len(parents) - 1
    if not depth:
        raise AssertionError(f"no member can be given up at {place}")
    (inner, like), step = parents[depth - 1], place[depth - 1]
    known = isinstance(like, Mapping) and like.get(step) is not None
    if known and inner[step] != like[step]:
        inner[step] = like[step]
    else:
        del inner[step]


def _of_model(model: type[BaseModel], poison: str, level: int) -> dict[str, Any]:
    # The pipeline writes times, and nobody else.
    made = {
        name: _PLAIN[0] if _TIME.search(name) else _of_field(field, poison, level + 1)
        for name, field in model.model_fields.items()
    }
    return {name: value for name, value in made.items() if value is not None}


def _of_field(field: FieldInfo, poison: str, level: int) -> Any:
    annotation = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
    return _made(annotation, poison, level)


def _made(annotation: Any, poison: str, level: int) -> Any:
    """A value of the type with as much foreign text as it takes; None for a type without a value here."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if level > _MOST_LEVELS:
        return None
    if hasattr(annotation, "__value__"):  # `type X = ...`
        return _made(annotation.__value__, poison, level)
    if origin is Annotated:
        plain = _made(inner[0], poison, level)
        candidates = [
            plain,
            *(_PLAIN if isinstance(plain, str) else (1, 1.0, 0.5) if isinstance(plain, int | float) else ()),
        ]
        return next((value for value in candidates if _fits(annotation, value)), plain)
    if origin in {Union, types.UnionType}:
        made = [value for each in inner if each is not type(None) and (value := _made(each, poison, level)) is not None]
        return max(made, key=lambda value: sum(1 for text in texts(value) if poison in text), default=None)
    if origin is Literal:
        return inner[0]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _of_model(annotation, poison, level)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return next(iter(annotation)).value
    if isinstance(annotation, type) and issubclass(annotation, bool | int | float):
        return annotation(1)
    if annotation is str or annotation is Any:
        return poison
    if isinstance(origin, type) and issubclass(origin, Mapping):
        key, value = (_made(each, poison, level) for each in inner)
        # A mapping by contestant has both models in every run.
        keys = (key,) if key == poison else ("base", "tuned") if key in {"base", "tuned"} else (key,)
        return None if value is None else {each: deepcopy(value) for each in keys}
    if isinstance(origin, type) and issubclass(origin, Sequence | set | frozenset):
        wanted = [each for each in inner if each is not Ellipsis]
        several = wanted if origin is tuple and Ellipsis not in inner else wanted[:1]
        values = [_made(each, poison, level) for each in several]
        return None if None in values else values
    return None


def _fits(annotation: Any, value: Any) -> bool:
    try:
        TypeAdapter(annotation).validate_python(value)
    except ValidationError:
        return False
    return True
