"""Parses the documents that people write as settings (YAML and JSON), within limits that stop hostile ones.

The YAML is that of version 1.2's core schema (https://yaml.org/spec/1.2.2/#103-core-schema), because its values are
those of JSON: `yes` and `2024-01-01` are texts, `1e-5` is a number. Anchors, aliases and tags are refused: a small
document with them can stand for one of any size, or contain itself.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any

import yaml

from tuner.catalog.hyperparameters import SMALLEST, plain_decimal
from tuner.core.errors import SettingsError
from tuner.core.strict_model import JsonObject
from tuner.core.wording import shortened

MOST_BYTES = 128 * 2**10
"""Bytes of a settings document. The longest texts in one are system prompts and lists of labels."""
MOST_ENTRIES = 5000
"""Keys and values of a document, at all depths."""
DEEPEST = 20
# What 64 bits hold. AWS's SDKs and other JSON readers take no larger integers.
_LARGEST_INTEGER = 2**63 - 1
_MOST_DIGITS = 400  # of a number. More than a float of any size needs.


def read_document(chunks: Iterable[bytes]) -> bytes:
    """The bytes of a settings file. Of one that is too long, only so many that `parse_document` refuses them."""
    data = b""
    for chunk in chunks:
        data += chunk
        if len(data) > MOST_BYTES:
            break
    return data


def parse_document(data: bytes, name: str) -> JsonObject:
    """The mapping in a YAML or JSON document; `{}` for an empty document. `load` validates it against a model.

    Raises SettingsError, with the line where it is known, when the document cannot be parsed, is no mapping, or exceeds
    a limit of this module.
    """
    text = document_text(data, name)
    if not text.strip():
        return {}
    document = _json(text, name) if name.endswith(".json") else _yaml(text, name)
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise SettingsError(f"{name}, line 1: must contain keys and values, not {_kind(document)}.")
    check_values(document, name)
    _check_sizes(document, name)
    return document


def document_text(data: bytes, name: str) -> str:
    """The document as text. Raises SettingsError when it is too long or not UTF-8."""
    refuse_long(len(data), name)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SettingsError(
            f"{name}, line {line}: byte {error.start} of the file is not UTF-8. Save the file as UTF-8."
        ) from None


def refuse_long(size: int, name: str) -> None:
    """Raises SettingsError when a document of `size` bytes is too long to be read."""
    if size > MOST_BYTES:
        raise SettingsError(
            f"{name}: is longer than {MOST_BYTES // 2**10} KiB, the limit for settings. Is it another file?"
        )


def check_values(document: JsonObject, name: str) -> None:
    """Raises SettingsError when the parsed values exceed the limits, or are none that JSON can store."""
    for count, (path, value) in enumerate(_walk(document), 1):
        if count > MOST_ENTRIES:
            raise SettingsError(f"{name}: has more than {MOST_ENTRIES:,} keys and values. Is it another file?")
        if len(path) > DEEPEST:
            raise SettingsError(f"{name}: {_shown(path)}: is nested too deeply: at most {DEEPEST} levels are allowed.")
        if problem := _problem(value):
            raise SettingsError(f"{name}: {_shown(path)}: {problem}")


def _check_sizes(document: JsonObject, name: str) -> None:
    """Raises SettingsError for numbers of which sums and quotients can be infinite: no setting of a run needs them."""
    for path, value in _walk(document):
        if isinstance(value, float) and abs(value) > _LARGEST_INTEGER:
            raise SettingsError(f"{name}: {_shown(path)}: is too large a number.")
        if isinstance(value, float) and 0 < abs(value) < SMALLEST:
            least = plain_decimal(SMALLEST)
            raise SettingsError(f"{name}: {_shown(path)}: is too small a number: write 0, or at least {least}.")


def key_lines(text: str) -> dict[str, int]:
    """The line of every key of a YAML document by its path, such as `hyperparameters.epochCount`.

    Raises yaml.YAMLError when the document cannot be parsed.
    """
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
    finally:
        loader.dispose()
    found: dict[str, int] = {}
    _add_lines(node, "", found)
    return found


def _add_lines(node: yaml.Node | None, path: str, found: dict[str, int]) -> None:
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        here = f"{path}.{key.value}" if path else str(key.value)
        found[here] = key.start_mark.line + 1
        _add_lines(value, here, found)


class _Loader(yaml.SafeLoader):
    """YAML's core schema, without anchors, aliases, tags and repeated keys, and with at most DEEPEST levels."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - declared by PyYAML, whose own are those of YAML 1.1

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0
        self._nodes = 0

    # The signatures are PyYAML's.
    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _refusal("anchors (&) and aliases (*) are not allowed: write the value where it is used", event)
        if getattr(event, "tag", None):
            raise _refusal("tags (!) are not allowed in settings", event)
        self._nodes += 1
        if self._nodes > MOST_ENTRIES:
            raise _refusal(f"there are more than {MOST_ENTRIES:,} keys and values", event)
        self._depth += 1
        if self._depth > DEEPEST + 1:
            raise _refusal(f"the value is nested too deeply: at most {DEEPEST} levels are allowed", event)
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag != "tag:yaml.org,2002:str":
                shown = f"'{_cut(key.value)}'" if isinstance(key.value, str) else "of this mapping"
                raise _refusal(f"the key {shown} is not text; put it between double quotes", key)
            if key.value in seen:
                raise _refusal(f"the key '{_cut(key.value)}' is given twice", key)
            seen.add(key.value)
        return super().construct_mapping(node, deep)

    def construct_integer(self, node: yaml.ScalarNode) -> int:
        if len(node.value) > _MOST_DIGITS:
            raise _refusal("the number is too large", node)
        return int(node.value)

    def construct_number(self, node: yaml.ScalarNode) -> float:
        number = math.inf if node.value.lstrip("+-").lower() in (".inf", ".nan") else float(node.value)
        if not math.isfinite(number):
            raise _refusal(f"{_cut(node.value)} is not a finite number", node)
        return number


for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
    ("float", r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", list("-+.")),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_pattern})\Z"), _first)
_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_integer)
_Loader.add_constructor("tag:yaml.org,2002:float", _Loader.construct_number)


def _refusal(problem: str, place: Any) -> yaml.constructor.ConstructorError:
    """The error for an event or a node of the document."""
    return yaml.constructor.ConstructorError(None, None, problem, place.start_mark)


def _yaml(text: str, name: str) -> Any:
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _cannot_be_parsed(name, line, "there is a control character") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _cannot_be_parsed(name, mark.line + 1 if mark else 1, error.problem or "it is no YAML") from None
    except (yaml.YAMLError, ValueError, OverflowError):  # an escape or a directive with an impossible number
        raise _cannot_be_parsed(name, 1, "it is no YAML") from None


def _json(text: str, name: str) -> Any:
    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found: dict[str, object] = {}
        for key, value in pairs:
            if key in found:
                raise ValueError(f"the key '{_cut(key)}' is given twice")
            found[key] = value
        return found

    def finite(digits: str) -> Any:
        raise ValueError(f"{digits} is not a finite number")

    try:
        return json.loads(text, object_pairs_hook=once, parse_constant=finite)
    except json.JSONDecodeError as error:
        raise _cannot_be_parsed(name, error.lineno, error.msg) from None
    except RecursionError:
        raise _cannot_be_parsed(name, 1, f"it is nested too deeply: at most {DEEPEST} levels are allowed") from None
    except ValueError as error:
        problem = "a number is too large" if "digits" in str(error) else str(error)
        raise _cannot_be_parsed(name, 1, problem) from None


def _cannot_be_parsed(name: str, line: int, problem: str) -> SettingsError:
    return SettingsError(f"{name}, line {line}: cannot be parsed: {problem}. Correct it and upload the file again.")


def _walk(document: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every key and value below the document, with its path. Without recursion: the depth is not yet known."""
    waiting: list[tuple[tuple[str, ...], Any]] = [((), document)]
    while waiting:
        path, value = waiting.pop()
        inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, entry in inner:
            below = (*path, str(key))
            if isinstance(key, str):
                yield below, key
            yield below, entry
            waiting.append((below, entry))


def _problem(value: Any) -> str | None:
    """Why a value cannot be stored as JSON; None if it can."""
    if isinstance(value, str):
        if any("\ud800" <= letter <= "\udfff" for letter in value):
            return "has half of a character (a lone surrogate). Write the character itself."
    elif isinstance(value, float) and not math.isfinite(value):
        return "must be a finite number."
    elif isinstance(value, int) and abs(value) > _LARGEST_INTEGER:
        return "is too large a number."
    return None


def _kind(value: Any) -> str:
    return {list: "a list", str: "a text", int: "a number", float: "a number", bool: "true or false"}.get(
        type(value), "a single value"
    )


def _shown(path: tuple[str, ...]) -> str:
    return ".".join(map(_cut, path[:4])) + ("..." if len(path) > 4 else "")


def _cut(text: str) -> str:
    return shortened(text, 60)
