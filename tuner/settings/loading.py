"""Turns what people write into strict settings."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import yaml
from pydantic import AfterValidator, ValidationError

from tuner.core.errors import SettingsError
from tuner.core.strict_model import StrictModel
from tuner.settings.messages import sentences

M = TypeVar("M", bound=StrictModel)


def matching(pattern: str, meaning: str) -> AfterValidator:
    """Text that the pattern matches as a whole; `meaning` is what the refusal says in its place."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"must be {meaning}")
        return text

    return AfterValidator(check)


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
        raise SettingsError(every(where, sentences(model, error.errors()))) from None


def every(where: str, findings: Iterable[str]) -> str:
    """The message with all findings, one per line."""
    return "\n".join(f"{where}: {finding}" for finding in findings)


def _kind(value: Any) -> str:
    return {list: "a list", str: "a text", int: "a number", float: "a number", bool: "yes or no"}.get(
        type(value), "a single value"
    )
