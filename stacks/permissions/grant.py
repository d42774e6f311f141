"""A permission with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tuner.core.resource_names import Tags

Conditions = Mapping[str, Mapping[str, str | tuple[str, ...]]]


def tagged_request(deployment: str) -> Conditions:
    """The call gives the resource the deployment's tag."""
    return {"StringEquals": {f"aws:RequestTag/{Tags.DEPLOYMENT}": deployment}}


def tagged_resource(deployment: str) -> Conditions:
    """The resource has the deployment's tag."""
    return {"StringEquals": {f"aws:ResourceTag/{Tags.DEPLOYMENT}": deployment}}


def only_tag(key: str) -> Conditions:
    """The call sets no other tag."""
    return {"ForAllValues:StringEquals": {"aws:TagKeys": key}}


@dataclass(frozen=True)
class Grant:
    """A statement of a role's policy: actions, ARNs, conditions and the reason."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    reason: str
    conditions: Conditions = field(default_factory=dict)

    def statement(self) -> dict[str, object]:
        """The statement in IAM's policy language."""
        conditions = {
            operator: {key: list(value) if isinstance(value, tuple) else value for key, value in keys.items()}
            for operator, keys in self.conditions.items()
        }
        statement: dict[str, object] = {
            "Effect": "Allow",
            "Action": list(self.actions),
            "Resource": list(self.resources),
        }
        return statement | ({"Condition": conditions} if conditions else {})


def pass_role(role: str, service: str, reason: str) -> Grant:
    """Passes a role to a service, such as `bedrock`, and to no other one."""
    only = {"StringEquals": {"iam:PassedToService": f"{service}.amazonaws.com"}}
    return Grant(("iam:PassRole",), (role,), reason, only)
