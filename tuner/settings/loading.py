"""Turns what people write into strict settings, and pydantic's findings into sentences."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from typing import Any, TypeVar, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from tuner.errors import SettingsError


class StrictModel(BaseModel):
    """Settings: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


M = TypeVar("M", bound=StrictModel)


class _UniqueKeys(yaml.SafeLoader):
    """YAML whose mappings have every key once: PyYAML would silently take the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen and key.value != "<<":
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key '{key.value}' stands twice", key.start_mark
                )
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def parse_document(text: str, name: str) -> dict[str, Any]:
    """The mapping in a YAML or JSON document (`{}` when it is empty).

    Raises SettingsError, naming the line, when it is neither, or not a mapping.
    """
    try:
        document = json.loads(text) if name.endswith(".json") and text.strip() else yaml.load(text, _UniqueKeys)  # noqa: S506 - a SafeLoader
    except RecursionError:
        raise SettingsError(f"{name}, line 1: is nested too deeply. Settings have two levels at most.") from None
    except (yaml.YAMLError, json.JSONDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else getattr(error, "lineno", 1)
        problem = getattr(error, "problem", None) or getattr(error, "msg", str(error))
        raise SettingsError(
            f"{name}, line {line}: cannot be read: {problem}. Mend the line and upload it again."
        ) from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise SettingsError(f"{name}, line 1: must hold keys and values, not {_kind(document)}.")
    return document


def load(model: type[M], values: Mapping[str, Any], where: str) -> M:
    """`values` as `model`.

    Raises SettingsError with every finding at once, one per line; an unknown key's names the nearest valid one.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        findings = [_finding(model, dict(finding)) for finding in error.errors()]
        raise SettingsError("\n".join(f"{where}: {finding}" for finding in findings)) from None


def _finding(model: type[BaseModel], finding: dict[str, Any]) -> str:
    location = tuple(finding["loc"])
    path = ".".join(str(part) for part in location) or "the settings"
    if finding["type"] == "extra_forbidden":
        return f"{path}: there is no such key.{_nearest(model, location)}"
    message = str(finding["msg"]).removeprefix("Value error, ").rstrip(".")
    return f"{path}: {message}; found {_shown(finding['input'])}."


def _nearest(model: type[BaseModel], location: tuple[Any, ...]) -> str:
    """What was probably meant, or which keys there are."""
    keys = _keys_at(model, location[:-1])
    close = difflib.get_close_matches(str(location[-1]), keys, n=1, cutoff=0.5)
    return f" Did you mean '{close[0]}'?" if close else f" Valid keys: {', '.join(keys)}."


def _keys_at(model: type[BaseModel], path: tuple[Any, ...]) -> list[str]:
    parts = iter(path)
    for part in parts:
        field = model.model_fields.get(str(part))
        nested = (
            [
                kind
                for kind in (field.annotation, *getattr(field.annotation, "__args__", ()))
                if isinstance(kind, type) and issubclass(kind, BaseModel)
            ]
            if field
            else []
        )
        if not field or not nested:
            return []
        if get_origin(field.annotation) is dict:
            next(parts, None)  # its keys are free
        model = nested[0]
    return list(model.model_fields)


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else text[:77] + "..."


def _kind(value: Any) -> str:
    return {list: "a list", str: "a text", int: "a number", float: "a number", bool: "yes or no"}.get(
        type(value), type(value).__name__
    )
