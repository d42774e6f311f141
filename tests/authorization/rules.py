"""Checks that actions, resource types and condition keys of a statement exist in the published data and match."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from tests.authorization.differences import differs
from tests.authorization.reference import Action, Reference, ResourceType, Service

# The data counts these as global, but a request has them only where the action or the resource type lists them.
_LISTED_ONLY = ("aws:requesttag/", "aws:resourcetag/", "aws:tagkeys")
# Condition operators by the types of keys they compare. AWS also compares ARNs as strings.
_OPERATORS = {
    "String": ("String", "ARN"),
    "Arn": ("ARN",),
    "Bool": ("Bool",),
    "Numeric": ("Numeric",),
    "Date": ("Date",),
    "IpAddress": ("IPAddress",),
    "NotIpAddress": ("IPAddress",),
}
# What an open place of an ARN may not contain: the last one anything but nothing, a log group's name has slashes.
_ANY, _PATH, _PART = "ANY", "PATH", "PART"
_EXCLUDED = {_ANY: "", _PATH: ":", _PART: ":/"}
_VALUES = {"Bool": r"true|false", "Numeric": r"[\d.]+", "ARN": r"(arn:|\*).*|\*"}


def services_of(statements: list[Mapping[str, Any]]) -> tuple[str, ...]:
    """The services that the statements name, as the data calls them."""
    return tuple(sorted({action.partition(":")[0] for each in statements for action in listed(each.get("Action", []))}))


def mistakes(statement: Mapping[str, Any], known: Reference) -> Iterator[str]:
    """What is wrong with a statement, in a sentence each."""
    unknown = set(statement) - {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}
    if unknown:
        yield f"nobody checks {', '.join(sorted(unknown))}"
    resources = listed(statement.get("Resource", []))
    used: set[str] = set()
    for pattern in listed(statement.get("Action", [])):
        found = list(_actions(pattern, known))
        if not found:
            yield f"{pattern} is no action"
            continue
        results = [_of_action(service, action, resources, statement, known) for service, action in found]
        used |= {arn for fitting, _ in results for arn in fitting}
        # A pattern of actions is right when it is for one of them.
        yield from min((wrong for _, wrong in results), key=len)
    yield from (f"{arn} fits none of the actions" for arn in resources if arn not in used)


def listed(value: Any) -> list[Any]:
    """IAM takes one value or a list of them."""
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _actions(pattern: str, known: Reference) -> Iterator[tuple[Service, Action]]:
    name, _, wanted = pattern.partition(":")
    service = known.services.get(name)
    if service:
        yield from ((service, action) for key, action in service.actions.items() if fnmatchcase(key, wanted.lower()))


def _of_action(
    service: Service, action: Action, resources: list[str], statement: Mapping[str, Any], known: Reference
) -> tuple[set[str], list[str]]:
    """The resources that fit the action, and what is wrong."""
    types = [service.resource_types[each.name.lower()] for each in action.resource_types]
    fitting = {arn: [kind for kind in types if fits(arn, kind)] for arn in resources}
    fitted = {arn for arn, kinds in fitting.items() if kinds or differs(action.name, arn)}
    if not types:
        fitted |= {"*"} & set(resources)
    wrong = [] if fitted else [f"{action.name} is not on {', '.join(resources)}"]
    if types and "*" in resources:
        wrong.append(f"{action.name} is on every resource, though AWS knows narrower ones")
    kinds = {kind.key: kind for each in fitting.values() for kind in each}
    for operator, keys in statement.get("Condition", {}).items():
        for key, value in keys.items():
            wrong += _of_condition(operator, key, listed(value), action, list(kinds.values()), known)
    return fitted, wrong


def _of_condition(
    operator: str, key: str, values: list[Any], action: Action, kinds: list[ResourceType], known: Reference
) -> list[str]:
    kind = _type_of(key, known)
    if kind is None:
        return [f"{key} is no condition key"]
    wrong = [] if _has(key, action, kinds, known) else [f"a request of {action.name} has no {key}"]
    many, _, plain = operator.rpartition(":")
    if bool(many) != kind.startswith("ArrayOf"):
        wrong.append(f"{key} is {'one value' if many else 'a set of values'}: {operator} does not fit")
    kind = kind.removeprefix("ArrayOf")
    family = re.match("NotIpAddress|IpAddress|[A-Z][a-z]+", plain)
    compared = _OPERATORS.get(family[0], ()) if family else ()
    if plain != "Null" and kind not in compared and not differs(operator, key):
        wrong.append(f"{operator} does not compare {key}, which is of type {kind}")
    form = _VALUES.get("Bool" if plain == "Null" else kind)
    wrong += [f"{key}: {value!r} is no {kind}" for value in values if form and not re.fullmatch(form, str(value))]
    return wrong


def _has(key: str, action: Action, kinds: list[ResourceType], known: Reference) -> bool:
    """Whether requests of the action have the key: by the action, by each of the resource types, or always."""
    lower = key.lower()
    if any(_is(key, each) for each in action.condition_keys):
        return True
    if not lower.startswith(_LISTED_ONLY) and any(_is(key, each.key) for each in known.global_keys):
        return True
    further = {each.name: each.condition_keys for each in action.resource_types}
    return bool(kinds) and all(
        any(_is(key, each) for each in (*kind.condition_keys, *further.get(kind.key, ()))) for kind in kinds
    )


def _type_of(key: str, known: Reference) -> str | None:
    of_services = (each for service in known.services.values() if service for each in service.conditions())
    return next((each.type for each in (*of_services, *known.global_keys) if _is(key, each.key)), None)


def _is(key: str, published: str) -> bool:
    """Whether the key is the published one, which may end in a name of one's own: `aws:ResourceTag/${TagKey}`."""
    stem = re.split(r"\$\{|tag-key$", published)[0].lower()
    return key.lower().startswith(stem) and len(key) > len(stem) if stem != published.lower() else key.lower() == stem


@cache
def fits(arn: str, kind: ResourceType) -> bool:
    """Whether an ARN of this type can match a policy's ARN, both with places that are open."""
    parts = re.split(r"(\$\{\w+\})", kind.arn)
    last = max(number for number, part in enumerate(parts) if part.startswith("${"))
    form: list[str] = []
    for number, part in enumerate(parts):
        if not part.startswith("${"):
            form += part
        elif part == "${BucketName}" or (number < last and part != "${LogGroupName}"):
            form.append(_PART)
        else:
            form.append(_ANY if number == last else _PATH)
    return _overlap(tuple(_ANY if letter == "*" else letter for letter in arn), tuple(form))


@cache
def _overlap(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether some text matches both."""
    ends = (len(one), len(other))
    reached, seen = [(0, 0)], set()
    while reached:
        place = reached.pop()
        if place == ends:
            return True
        if place not in seen:
            seen.add(place)
            reached += _steps(one, other, *place)
    return False


def _steps(one: tuple[str, ...], other: tuple[str, ...], i: int, j: int) -> Iterator[tuple[int, int]]:
    left, right = (one[i] if i < len(one) else ""), (other[j] if j < len(other) else "")
    if left and left == right:
        yield i + 1, j + 1
    if left in _EXCLUDED:
        yield i + 1, j
        if right and right not in _EXCLUDED[left]:
            yield i, j + 1
    if right in _EXCLUDED:
        yield i, j + 1
        if left and left not in _EXCLUDED[right]:
            yield i + 1, j
