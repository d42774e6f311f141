"""A CDK context as values for settings: `-c KEY=VALUE` can only give text, and only one level of keys."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from tuner.core.strict_model import accepted_types

# Keys of the CDK and its libraries: feature flags (`@aws-cdk/core:...`), what its command line says (`aws:cdk:...`,
# `cdk-migrate`, `cli-telemetry`), what it looked up (`ami:account=...`), and what `cdk acknowledge` writes.
_OF_THE_CDK = re.compile(r"@[\w-]+/|aws:|[\w-]+:account=|cdk-migrate$|cli-telemetry$|acknowledged-issue-numbers$")


def values_of(model: type[BaseModel], context: Mapping[str, Any]) -> dict[str, Any]:
    """What the context says about the model's keys, texts read as what the key takes.

    >>> values_of(DeploymentSettings, {"training_polling.shortest": "5", "commitments": "OneMonth,SixMonths"})
    {'commitments': ['OneMonth', 'SixMonths'], 'training_polling': {'shortest': '5', 'longest': 600, 'growth': 0.1}}

    A key with a dot in it changes one value of a group and leaves the others, wherever they come from.
    """
    values: dict[str, Any] = {}
    dotted: dict[str, Any] = {}
    for key, value in context.items():
        group, dot, name = key.partition(".")
        if dot and group in model.model_fields and _holds_keys(model.model_fields[group]):
            dotted.setdefault(group, {})[name] = _inner(model.model_fields[group], name, value)
        elif not _OF_THE_CDK.match(key):
            values[key] = _read(model.model_fields.get(key), value)
    for group, names in dotted.items():
        values[group] = _whole(model.model_fields[group], values.get(group)) | names
    return values


def _whole(field: FieldInfo, given: Any) -> dict[str, Any]:
    """A group's values before its dotted keys change some of them."""
    if isinstance(given, Mapping):
        return dict(given)
    default = field.get_default(call_default_factory=True)
    return default.model_dump() if isinstance(default, BaseModel) else dict(default or {})


def _inner(field: FieldInfo, name: str, value: Any) -> Any:
    """One value of a group."""
    kind = field.annotation
    known = kind.model_fields if isinstance(kind, type) and issubclass(kind, BaseModel) else {}
    return _read(known.get(name), value)


def _read(field: FieldInfo | None, value: Any) -> Any:
    """A text as the key takes it: JSON, or for a list also words between commas. Other values as they are."""
    taken = accepted_types(field.annotation) if field else {str}
    if value == "null" and type(None) in taken:
        return None
    if not isinstance(value, str) or str in taken:
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        if tuple in taken and not value.startswith(("[", "{")):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value


def _holds_keys(field: FieldInfo) -> bool:
    kind = field.annotation
    return get_origin(kind) is dict or (isinstance(kind, type) and issubclass(kind, BaseModel))
