"""Handing a role to a service needs `iam:PassRole` on it; MiniStack never asks.

`iam:PassedToService` is set as on AWS, so that a role may be passed to one service and to no other.
"""

import json
from collections.abc import Iterator
from typing import Any

from local.patches.iam.authorization import Check, Request, guard

# Service of MiniStack -> where its requests name a role, and the principal that will assume it.
# A dot goes into an object, [] into each element of an array.
PASSED_ROLES = {
    "bedrock": ("roleArn", "bedrock.amazonaws.com"),
    "lambda": ("Role", "lambda.amazonaws.com"),
    "states": ("roleArn", "states.amazonaws.com"),
    "scheduler": ("Target.RoleArn", "scheduler.amazonaws.com"),
    "events": ("Targets[].RoleArn", "events.amazonaws.com"),
}


def install() -> None:
    """Check `iam:PassRole` in front of every service that takes a role."""
    for service in PASSED_ROLES:
        guard(service, lambda request, service=service: passed_roles(service, request))  # type: ignore[misc]


def passed_roles(service: str, request: Request) -> Iterator[Check]:
    """One check for each role that the request hands over."""
    if request.method not in ("POST", "PUT") or not request.body:
        return
    try:
        document = json.loads(request.body)
    except ValueError:
        return  # not ours to refuse: the service answers with its own error
    place, principal = PASSED_ROLES[service]
    for role in _values(document, place):
        yield Check("iam:PassRole", role, {"iam:passedtoservice": principal})


def _values(document: Any, place: str) -> Iterator[str]:
    name, _, rest = place.partition(".")
    value = document.get(name.removesuffix("[]")) if isinstance(document, dict) else None
    for found in value if name.endswith("[]") and isinstance(value, list) else [value]:
        if rest:
            yield from _values(found, rest)
        elif isinstance(found, str) and found:
            yield found
