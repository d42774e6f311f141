"""Refuses event patterns that EventBridge refuses as too complex. MiniStack accepts them.

EventBridge compiles the patterns of a field to an automaton, and limits how many wildcard prefixes can match one value
at the same time. The complexity is defined as in AWS's event-ruler (github.com/aws/event-ruler,
MachineComplexityEvaluator): the largest number of prefixes of wildcard patterns that one value matches. AWS does not
publish the limit. In production, a rule of complexity 9 was accepted and one of 12 was refused. Here the limit is 10.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ministack.services import eventbridge
from ministack.services.cloudformation import provisioners

LIMIT = 10
MAX_CHARACTERS = 2048  # EventBridge quotas: "Event pattern size"
TOO_COMPLEX = (
    "Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a "
    "wildcard character"
)
# The wildcard in a pattern. In an input it stands for every byte that no pattern contains.
_ANY = -1
# Counting stops here, because counting takes long for a pattern with hundreds of wildcards.
_MAX_COUNT = 100

_Pattern = tuple[int, ...]
_Position = tuple[_Pattern, int]


def install() -> None:
    """Refuses such patterns in PutRule, TestEventPattern and CloudFormation."""
    original = eventbridge._event_pattern_error
    eventbridge._event_pattern_error = lambda text: original(text) or refusal(text)
    rule = provisioners._RESOURCE_HANDLERS["AWS::Events::Rule"]
    create = rule["create"]

    def create_unless_refused(logical_id: str, properties: Mapping[str, Any], stack: str) -> Any:
        pattern = properties.get("EventPattern", "")
        # A template may have the pattern as an object or as a string.
        reason = eventbridge._event_pattern_error(pattern if isinstance(pattern, str) else json.dumps(pattern))
        if reason:
            raise ValueError(f"Event pattern is not valid. Reason: {reason} (InvalidEventPatternException)")
        return create(logical_id, properties, stack)

    rule["create"] = create_unless_refused


def refusal(text: str) -> str | None:
    """EventBridge's error message for a syntactically valid pattern, or None if it accepts the pattern."""
    if not text:
        return None
    document = json.loads(text)
    if len(json.dumps(document, separators=(",", ":"))) > MAX_CHARACTERS:
        return f"Event pattern is longer than {MAX_CHARACTERS} characters"
    return TOO_COMPLEX if complexity(document) > LIMIT else None


def complexity(pattern: Mapping[str, Any]) -> int:
    """The largest number of wildcard prefixes that one value of a field can match, but at most 100."""
    fields: dict[str, set[str]] = {}
    for field, wildcard in _wildcards(pattern, ""):
        fields.setdefault(field, set()).add(wildcard)
    return max((_max_matches(frozenset(map(_compiled, found))) for found in fields.values()), default=0)


def _wildcards(pattern: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
    """Pairs of a field and one of its wildcard patterns. The alternatives of `$or` share one automaton."""
    for name, value in pattern.items():
        if name == "$or":
            for alternative in value:
                yield from _wildcards(alternative, path)
        elif isinstance(value, Mapping):
            yield from _wildcards(value, f"{path}.{name}")
        else:
            yield from ((f"{path}.{name}", wildcard) for matcher in value for wildcard in _wildcards_of(matcher))


def _wildcards_of(matcher: Any) -> list[str]:
    if not isinstance(matcher, Mapping):
        return []
    excluded = matcher.get("anything-but")
    found = matcher.get("wildcard") or (excluded.get("wildcard") if isinstance(excluded, Mapping) else None) or []
    return [found] if isinstance(found, str) else list(found)


def _compiled(wildcard: str) -> _Pattern:
    r"""The bytes of a pattern with the quotes of a JSON string. `*` is a wildcard; `\*` and `\\` are literal."""
    found = [ord('"')]
    characters = iter(wildcard)
    for character in characters:
        if character == "*":
            found.append(_ANY)
        else:
            found += (next(characters, "") if character == "\\" else character).encode()
    return (*found, ord('"'))


def _max_matches(patterns: frozenset[_Pattern]) -> int:
    """The largest set of positions that any input leads to, by a walk over all reachable sets."""
    alphabet = {byte for pattern in patterns for byte in pattern}
    begin = frozenset((pattern, 0) for pattern in patterns)
    seen, waiting, largest = {begin}, [begin], 0
    while waiting:
        positions = waiting.pop()
        for byte in alphabet:
            reached = frozenset(_with_empty_wildcards(_step(positions, byte)))
            largest = max(largest, len(reached))
            if largest >= _MAX_COUNT:
                return _MAX_COUNT
            if reached and reached not in seen:
                seen.add(reached)
                waiting.append(reached)
    return largest


def _step(positions: frozenset[_Position], byte: int) -> Iterator[_Position]:
    for pattern, position in positions:
        if position and pattern[position - 1] == _ANY:
            yield pattern, position
        if position < len(pattern) and pattern[position] == byte:
            yield pattern, position + 1


def _with_empty_wildcards(positions: Iterator[_Position]) -> Iterator[_Position]:
    """The positions, and those after a wildcard that matches the empty sequence."""
    for pattern, position in positions:
        yield pattern, position
        if position < len(pattern) and pattern[position] == _ANY:
            yield pattern, position + 1
