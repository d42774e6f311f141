"""A permission with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Conditions = Mapping[str, Mapping[str, str | tuple[str, ...]]]


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
