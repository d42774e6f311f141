"""Managed policies that an administrator attaches to people's roles or groups. They are attached to nobody here."""

from __future__ import annotations

from collections.abc import Iterable

from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.checks.suppressions import accept_wildcards
from stacks.permissions import Arns, Grant, people


class PeoplePolicies(Construct):
    """The policies of a deployment's data owners, operators and reviewers.

    They have no names of their own: a name is unique in the account, and a deployment in its Region only.
    """

    def __init__(self, scope: Construct, construct_id: str, arns: Arns) -> None:
        super().__init__(scope, construct_id)
        owner = "Upload datasets, follow their runs and read their reports"
        self.data_owner = self._policy("DataOwner", owner, people.data_owner(arns))
        self.operator = self._policy("Operator", f"{owner}; approve costs, release what is paid", people.operator(arns))
        reviews = "Let people score answers, and apply the gate of a run again"
        self.reviewer = self._policy("Reviewer", reviews, people.reviewer(arns))

    def _policy(self, name: str, description: str, grants: Iterable[Grant]) -> str:
        allowed = list(grants)
        statements = [iam.PolicyStatement.from_json(grant.statement()) for grant in allowed]
        policy = iam.ManagedPolicy(self, name, description=description, statements=statements)
        accept_wildcards(policy, allowed)
        return policy.managed_policy_arn
