"""Converts pydantic's validation errors into sentences for the person who wrote the settings."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from tuner import catalog
from tuner.core.text_sanitizer import readable
from tuner.core.wording import did_you_mean, nearest_name, shortened

# By pydantic's error type: https://docs.pydantic.dev/latest/errors/validation_errors/. Pydantic's own messages are for
# programmers ("Input should be a valid dictionary or instance of Polling").
_RULES = {
    "missing": "is missing",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a smaller number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "dict_type": "must contain keys and values",
    "model_type": "must contain keys and values",
    "model_attributes_type": "must contain keys and values",
    "greater_than": "must be more than {gt:,.10g}",
    "greater_than_equal": "must be {ge:,.10g} or more",
    "less_than": "must be less than {lt:,.10g}",
    "less_than_equal": "must be {le:,.10g} or less",
    "string_too_short": "must not be empty",
    "string_too_long": "must have {max_length} characters or fewer",
    "too_short": "must have {min_length} entries or more",
    "too_long": "must have {max_length} entries or fewer",
    "literal_error": "must be {expected}",
    "value_error": "{error}",
}
_ANY_OTHER = "is not a valid value"
# Pydantic appends these to the location of an error in `int | float | str`, one error for each alternative.
_ALTERNATIVES = frozenset({"int", "float", "str"})
_LONGEST_KEY = 80


def sentences(model: type[BaseModel], errors: Iterable[ErrorDetails]) -> Iterator[str]:
    """One sentence per key. For a key with several types, the sentence names all of them."""
    by_path: dict[str, list[ErrorDetails]] = {}
    for error in errors:
        by_path.setdefault(_path(error["loc"]), []).append(error)
    return (_sentence(model, path, found) for path, found in by_path.items())


def _sentence(model: type[BaseModel], path: str, errors: list[ErrorDetails]) -> str:
    first = errors[0]
    if first["type"] == "extra_forbidden":
        return f"{path}: there is no such key. {_hint_for_key(model, first['loc'])}"
    rules = list(dict.fromkeys(rule_of(error) for error in errors))
    found = "" if first["type"] == "missing" else f"; found {_shown(first['input'])}{_json_problem(first['input'])}"
    either = " or ".join([rules[0], *(rule.removeprefix("must be ") for rule in rules[1:])])
    return f"{path}: {either}{found}.{_hint(first)}"


def _hint_for_key(model: type[BaseModel], location: tuple[Any, ...]) -> str:
    """Where the key belongs, if another group has it; else the nearest key here, or all keys."""
    word, keys = str(location[-1]), _keys_at(model, location[:-1])
    if nearest_name(word, keys):
        return did_you_mean(word, keys)
    places = [f"'{path}'" for path in _paths(model) if _plain(path.rpartition(".")[2]) == _plain(word)]
    if "hyperparameters" in model.model_fields:
        places += [f"'hyperparameters.{name}'" for name in _hyperparameters() if _is_spelling(name, word)]
    if places:
        return f"Did you mean {' or '.join(places)}?"
    return f"Valid keys: {', '.join(keys)}."


def _paths(model: type[BaseModel]) -> list[str]:
    """The keys of all groups, with the group: `inference.max_tokens`."""
    return [f"{group}.{key}" for group in model.model_fields for key in _keys_at(model, (group,))]


def _hyperparameters() -> list[str]:
    return list(dict.fromkeys(name for model in catalog.models() for name in model.family.hyperparameters))


def _is_spelling(name: str, word: str) -> bool:
    """Whether the word is another spelling of a hyperparameter, such as `learning_rate` or `epochs`."""
    return _plain(word) in {_plain(name), _plain(name).removesuffix("count"), f"{_plain(name).removesuffix('count')}s"}


def _plain(word: str) -> str:
    return "".join(filter(str.isalnum, word)).casefold()


def _json_problem(value: Any) -> str:
    """The parsing error of text that looks like JSON. Empty for other values."""
    if not isinstance(value, str) or not value.startswith(("[", "{")):
        return ""
    try:
        json.loads(value)
    except json.JSONDecodeError as error:
        return f", which is not valid JSON ({error.msg} at character {error.pos + 1})"
    except RecursionError:
        return ", which is not valid JSON (nested too deeply)"
    except ValueError:  # a number of more digits than Python converts
        return ", which is not valid JSON (a number is too large)"
    return ""


def rule_of(error: ErrorDetails) -> str:
    """The rule that a value breaks, in words and without a full stop: `must be a whole number`."""
    text = _RULES.get(error["type"], _ANY_OTHER).format(**error.get("ctx", {}))
    return text.rstrip(".")


def _hint(error: ErrorDetails) -> str:
    """A hint with the nearest allowed word."""
    if error["type"] != "literal_error":
        return ""
    allowed = re.findall(r"'([^']*)'", error["ctx"]["expected"])
    hint = did_you_mean(str(error["input"]), allowed, otherwise="")
    return f" {hint}" if hint else ""


def _path(location: tuple[Any, ...]) -> str:
    parts = location[:-1] if location and location[-1] in _ALTERNATIVES else location
    return ".".join(_part(part) for part in parts) if parts else "the settings"


def _part(part: object) -> str:
    """A key or a position. Keys may come from anywhere, and a message is one line."""
    return shortened(readable(str(part)).replace("\n", "\ufffd"), _LONGEST_KEY)


def _keys_at(model: type[BaseModel], path: tuple[Any, ...]) -> list[str]:
    parts = iter(path)
    for part in parts:
        field = model.model_fields.get(str(part))
        if not field:
            return []
        # The type itself, those of an optional value, and those of the values of a list or mapping.
        kinds = [field.annotation, *get_args(field.annotation)]
        kinds += [inner for kind in kinds for inner in get_args(kind)]
        nested = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
        if not nested:
            return []
        if any(get_origin(kind) in (dict, tuple) for kind in kinds):
            next(parts, None)  # the key of a mapping, or the position in a list
        model = nested[0]
    return list(model.model_fields)


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else text[:77] + "..."
