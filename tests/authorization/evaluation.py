"""Evaluates calls that the local cloud has decided with the third-party evaluator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from tests.authorization.journal import Call
from tests.authorization.reference import Decision, Request, decisions
from tests.authorization.rules import listed

Statement = dict[str, Any]
_DECISIONS = {"Allow": "Allowed", "ImplicitDeny": "ImplicitlyDenied", "Deny": "ExplicitlyDenied"}


@dataclass(frozen=True)
class Policies:
    """The policies of a deployment: of roles by name, and of resources by ARN."""

    roles: Mapping[str, Sequence[Statement]]
    resources: Mapping[str, Mapping[str, Any]]

    def of_resource(self, arn: str) -> Mapping[str, Any] | None:
        """The resource's policy; an object's is its bucket's. A function's policy is about services."""
        if arn.startswith("arn:aws:s3:::"):
            arn = arn.partition("/")[0]
        return self.resources.get(arn)


@dataclass(frozen=True)
class Verdict:
    """A call, the other evaluator's decision on it, and the statements it was decided by."""

    call: Call
    decision: Decision
    statements: Sequence[Statement]

    @property
    def agrees(self) -> bool:
        """Whether both evaluators decided the same."""
        return self.decision.result == _DECISIONS[self.call.decision]

    def needed(self) -> list[Statement]:
        """The grants without each of which the call is refused."""
        return [self.statements[index] for index in self.decision.needed]

    def __str__(self) -> str:
        who = self.call.role or self.call.principal
        said = f"{self.decision.result} {self.decision.detail}".strip()
        return f"{who} {self.call.action} on {self.call.resource}: {self.call.decision} here, {said} there"


def verdicts(calls: Iterable[Call], policies: Policies) -> list[Verdict]:
    """Asks the other evaluator about the calls of these roles, and of services on these resources."""
    asked = [(call, _for(call, found)) for call in calls if (found := _statements(call, policies)) is not None]
    answers = decisions([_request(call, statements, policies) for call, statements in asked])
    return [Verdict(call, answer, statements) for (call, statements), answer in zip(asked, answers, strict=True)]


def _statements(call: Call, policies: Policies) -> Sequence[Statement] | None:
    if not call.service:
        return policies.roles.get(call.role)
    policy = policies.of_resource(call.resource)
    return listed(policy["Statement"]) if policy else None


def _for(call: Call, statements: Sequence[Statement]) -> list[Statement]:
    """The statements about the call's action, split into those on one resource each, as grants are proved."""
    return [
        {**statement, "Action": action, "Resource": resource}
        for statement in statements
        for action in listed(statement["Action"])
        if fnmatchcase(call.action.lower(), action.lower())
        for resource in listed(statement["Resource"])
    ]


def _request(call: Call, statements: Sequence[Statement], policies: Policies) -> Request:
    return Request(
        principal=call.principal,
        action=call.action,
        resource=call.resource,
        account=call.context.get("aws:PrincipalAccount") or call.resource.split(":")[4],
        context={key: _text(value) for key, value in call.context.items()},
        statements=statements,
        resource_policy=None if call.service else policies.of_resource(call.resource),
        service=call.service,
    )


def _text(value: Any) -> Any:
    return [_text(each) for each in value] if isinstance(value, (list, tuple)) else str(value)
