"""Accepted findings of cdk-nag's AwsSolutions rules, each with a reason.

Each wildcard in a role's policy is accepted separately, with the reason of its grant.
"""

from __future__ import annotations

from collections.abc import Iterable

from aws_cdk import Acknowledgment, Stack, Validations
from constructs import Construct, IConstruct

from stacks.permissions import Grant

_PREFIX = "AwsSolutions-"

ACCEPTED = {
    "SQS3": "This queue is itself a dead-letter queue, and an alarm watches it.",
    "L1": "The dependencies are built for Python 3.13 and the tests cover it; a newer runtime exists.",
}


def accept(construct: Construct, rule: str) -> None:
    """Accepts the finding of a rule in ACCEPTED on this construct."""
    Validations.of(construct).acknowledge(Acknowledgment(id=_PREFIX + rule, reason=ACCEPTED[rule]))


def accept_wildcards(role: Construct, grants: Iterable[Grant]) -> None:
    """Accepts each ARN that contains `*`, with the reason of its grant."""
    reasons: dict[str, list[str]] = {}
    for grant in grants:
        for resource in grant.resources:
            shown = _as_cdk_nag_shows(role, resource)
            if "*" in shown and grant.reason not in reasons.setdefault(shown, []):
                reasons[shown].append(grant.reason)
    for shown, why in reasons.items():
        Validations.of(role).acknowledge(Acknowledgment(id=f"{_PREFIX}IAM5[Resource::{shown}]", reason="; ".join(why)))


def _as_cdk_nag_shows(scope: IConstruct, arn: str) -> str:
    """The ARN in the form of a finding's id.

    Examples: `<LogicalId.Arn>/runs/*`, `arn:aws:logs:us-east-1:<AWS::AccountId>:...`.
    """
    resolved = Stack.of(scope).resolve(arn)
    if isinstance(resolved, str):
        return resolved
    ((function, argument),) = resolved.items()
    if function == "Fn::Join":
        return "".join(part if isinstance(part, str) else _reference(part) for part in argument[1])
    return _reference(resolved)


def _reference(value: dict[str, str | list[str]]) -> str:
    if "Fn::Sub" in value:  # the name of the CDK's asset bucket
        return str(value["Fn::Sub"])
    target = value.get("Fn::GetAtt") or value["Ref"]
    return f"<{target if isinstance(target, str) else '.'.join(target)}>"
