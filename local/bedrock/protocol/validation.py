"""Checks parameters against the service model: required members, types, enums, patterns, lengths and ranges.

The message has the format of AWS's own validation: it lists every violation with value, path and constraint.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from local.bedrock.errors import ValidationError

_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
    "list": (list,),
    "map": (dict,),
    "structure": (dict,),
}


def validate(operation: OperationModel, params: dict[str, Any]) -> None:
    """Checks `params` against the operation's input shape.

    Raises:
        ValidationError: lists every violation, as AWS does.
    """
    if operation.input_shape is None:
        return
    problems = list(_structure(operation.input_shape, params, ""))
    if problems:
        plural = "s" if len(problems) > 1 else ""
        raise ValidationError(f"{len(problems)} validation error{plural} detected: {'; '.join(problems)}")


def _structure(shape: StructureShape, value: dict[str, Any], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield _failed(None, f"{path}{name}", "Member must not be null")
    for name, member in shape.members.items():
        if value.get(name) is not None:
            yield from _value(member, value[name], f"{path}{name}")
    if shape.is_tagged_union:
        given = [name for name in shape.members if value.get(name) is not None]
        if len(given) != 1:
            yield _failed(value, path.rstrip("."), f"Exactly one member of {sorted(shape.members)} must be set")


def _value(shape: Shape, value: Any, path: str) -> Iterator[str]:
    expected: Any = _PYTHON_TYPES.get(shape.type_name)
    # A document member may hold any JSON.
    if expected is None or getattr(shape, "is_document_type", False):
        return
    # bool is a subclass of int in Python, but not a number in JSON.
    if not isinstance(value, expected) or (isinstance(value, bool) and bool not in expected):
        yield _failed(value, path, f"Member must be of type {shape.type_name}")
        return
    yield from _constraints(shape, value, path)
    if isinstance(shape, StructureShape):
        yield from _structure(shape, value, f"{path}.")
    elif isinstance(shape, ListShape):
        for index, item in enumerate(value, start=1):
            yield from _value(shape.member, item, f"{path}.{index}.member")
    elif isinstance(shape, MapShape):
        for key, item in value.items():
            yield from _value(shape.key, key, f"{path}.key")
            yield from _value(shape.value, item, f"{path}.{key}")


def _constraints(shape: Shape, value: Any, path: str) -> Iterator[str]:
    limits = shape.metadata
    if "enum" in limits and value not in limits["enum"]:
        yield _failed(value, path, f"Member must satisfy enum value set: [{', '.join(limits['enum'])}]")
    if "pattern" in limits and not _pattern(limits["pattern"]).fullmatch(value):
        yield _failed(value, path, f"Member must satisfy regular expression pattern: {limits['pattern']}")
    sized = isinstance(value, str | list | dict)
    size, what = (len(value), "length ") if sized else (value, "value ")
    if "min" in limits and size < limits["min"]:
        yield _failed(value, path, f"Member must have {what}greater than or equal to {limits['min']}")
    if "max" in limits and size > limits["max"]:
        yield _failed(value, path, f"Member must have {what}less than or equal to {limits['max']}")


def _failed(value: Any, path: str, constraint: str) -> str:
    shown = "null" if value is None else f"'{value}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}"


@cache
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.DOTALL)
