"""Parses YAML and JSON documents and validates them as settings."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, TypeVar

import yaml
from pydantic import AfterValidator, ValidationError

from tuner.core.errors import SettingsError
from tuner.core.json_types import JsonObject
from tuner.core.strict_model import StrictModel
from tuner.settings.messages import sentences

M = TypeVar("M", bound=StrictModel)


def matching(pattern: str, meaning: str) -> AfterValidator:
    """Accepts text that the whole pattern matches. `meaning` describes the pattern in the error message."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"must be {meaning}")
        return text

    return AfterValidator(check)


class _UniqueKeys(yaml.SafeLoader):
    """A YAML loader that rejects duplicate keys: PyYAML would silently use the last one."""

    # The signature is PyYAML's.
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            # `<<` merges another mapping, and is not a key itself.
            if key.value in seen and key.value != "<<":
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key '{key.value}' is given twice", key.start_mark
                )
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def parse_document(text: str, name: str) -> JsonObject:
    """The mapping in a YAML or JSON document; `{}` for an empty document. `load` validates it against a model.

    Raises SettingsError, with the line, when the document cannot be parsed or is not a mapping.
    """
    try:
        document = json.loads(text) if name.endswith(".json") and text.strip() else yaml.load(text, _UniqueKeys)  # noqa: S506 - a SafeLoader
    except RecursionError:  # both parsers recurse, and a small file can nest thousands of brackets
        raise SettingsError(f"{name}, line 1: is nested too deeply. Settings have at most two levels.") from None
    except (yaml.YAMLError, json.JSONDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else getattr(error, "lineno", 1)
        problem = getattr(error, "problem", None) or getattr(error, "msg", str(error))
        raise SettingsError(
            f"{name}, line {line}: cannot be parsed: {problem}. Correct the line and upload the file again."
        ) from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise SettingsError(f"{name}, line 1: must contain keys and values, not {_kind(document)}.")
    return document


def load(model: type[M], values: JsonObject, where: str, newer: bool = False) -> M:
    """Validates `values` as `model`. With `newer`, unknown keys are ignored: a newer version may have written them.

    Raises SettingsError with every finding, one per line. The finding about an unknown key names the nearest valid one.
    """
    try:
        return model.model_validate(values, extra="ignore" if newer else None)
    except ValidationError as error:
        raise SettingsError(every(where, sentences(model, error.errors()))) from None


def every(where: str, findings: Iterable[str]) -> str:
    """A message with all findings, one per line."""
    return "\n".join(f"{where}: {finding}" for finding in findings)


def _kind(value: Any) -> str:
    return {list: "a list", str: "a text", int: "a number", float: "a number", bool: "true or false"}.get(
        type(value), "a single value"
    )
