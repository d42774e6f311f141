"""What kinds of value a key of the settings takes."""

from __future__ import annotations

from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin


def kinds(annotation: Any) -> set[Any]:
    """The kinds of value: `float | None` is both."""
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        return {kind for part in get_args(annotation) for kind in kinds(part)}
    return kinds(get_args(annotation)[0]) if origin is Annotated else {origin or annotation}
