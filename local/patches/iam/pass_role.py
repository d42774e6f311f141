"""`iam:PassRole`, which passing a role to a service needs. MiniStack does not check it.

The condition key `iam:PassedToService` is set as on AWS, so that a policy can limit a role to one service.
"""

import json
from collections.abc import Iterator
from typing import Any

from local.patches.iam.authorization import Check, Request, guard

# MiniStack's service: the path of the role in its requests, and the service principal that will assume the role.
# In a path, a dot selects a member and [] each element of an array.
PASSED_ROLES = {
    "bedrock": ("roleArn", "bedrock.amazonaws.com"),
    "lambda": ("Role", "lambda.amazonaws.com"),
    "states": ("roleArn", "states.amazonaws.com"),
    "scheduler": ("Target.RoleArn", "scheduler.amazonaws.com"),
    "events": ("Targets[].RoleArn", "events.amazonaws.com"),
}


def install() -> None:
    """Checks `iam:PassRole` in front of every service that a role can be passed to."""
    for service in PASSED_ROLES:
        # The default argument binds the current service to the function.
        guard(service, lambda request, service=service: passed_roles(service, request))  # type: ignore[misc]


def passed_roles(service: str, request: Request) -> Iterator[Check]:
    """A check for each role in the request."""
    if request.method not in ("POST", "PUT") or not request.body:
        return
    try:
        document = json.loads(request.body)
    except ValueError:
        return  # The service answers with its own error.
    role_path, principal = PASSED_ROLES[service]
    for role in _values(document, role_path):
        yield Check("iam:PassRole", role, {"iam:passedtoservice": principal})


def _values(document: Any, path: str) -> Iterator[str]:
    name, _, rest = path.partition(".")
    value = document.get(name.removesuffix("[]")) if isinstance(document, dict) else None
    for found in value if name.endswith("[]") and isinstance(value, list) else [value]:
        if rest:
            yield from _values(found, rest)
        elif isinstance(found, str) and found:
            yield found
