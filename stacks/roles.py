"""Creates IAM roles from grants: one inline policy per role, and nothing that the CDK would add."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.checks.suppressions import accept_wildcards
from stacks.permissions import Arns, Grant
from stacks.permissions.batch import batch_data
from stacks.permissions.s3 import customization_data
from stacks.permissions.services import release_for_schedules


def create_role(scope: Construct, construct_id: str, trusts: iam.IPrincipal, grants: Iterable[Grant]) -> iam.Role:
    """A role that `trusts` can assume, with the grants as its inline policy."""
    allowed = list(grants)
    document = iam.PolicyDocument(statements=[iam.PolicyStatement.from_json(grant.statement()) for grant in allowed])
    role = iam.Role(scope, construct_id, assumed_by=trusts, inline_policies={"Grants": document})
    accept_wildcards(role, allowed)
    return role


def service(name: str, arns: Arns, source_arn: str = "") -> iam.ServicePrincipal:
    """A service principal that is limited to this account and to `source_arn`.

    The conditions prevent the confused deputy problem.
    """
    conditions: dict[str, object] = {"StringEquals": {"aws:SourceAccount": arns.account}}
    if source_arn:
        conditions["ArnLike"] = {"aws:SourceArn": source_arn}
    return iam.ServicePrincipal(name, conditions=conditions)


class ServiceRoles(Construct):
    """The roles that steps pass to services: to Bedrock for its jobs, to the scheduler for releases."""

    def __init__(self, scope: Construct, construct_id: str, arns: Arns) -> None:
        super().__init__(scope, construct_id)
        self.customization = create_role(
            self,
            "Customization",
            service("bedrock.amazonaws.com", arns, arns.bedrock("model-customization-job/*")),
            customization_data(arns),
        )
        self.batch = create_role(
            self,
            "Batch",
            service("bedrock.amazonaws.com", arns, arns.bedrock("model-invocation-job/*")),
            batch_data(arns),
        )
        self.scheduler = create_role(
            self,
            "Scheduler",
            service("scheduler.amazonaws.com", arns, arns.schedule_group),
            release_for_schedules(arns),
        )
        self.arns = replace(
            arns,
            customization_role=self.customization.role_arn,
            batch_role=self.batch.role_arn,
            scheduler_role=self.scheduler.role_arn,
        )
