"""Roles made from grants: one inline policy each, and nothing that the CDK would add by itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.permissions import Grant, Places
from stacks.permissions.objects import customization_data
from stacks.permissions.services import release_for_schedules
from stacks.suppressions import accept_wildcards


def role_with(scope: Construct, construct_id: str, trusts: iam.IPrincipal, grants: Iterable[Grant]) -> iam.Role:
    """A role that `trusts` may assume, and that may do what the grants say."""
    allowed = list(grants)
    document = iam.PolicyDocument(statements=[iam.PolicyStatement.from_json(grant.statement()) for grant in allowed])
    role = iam.Role(scope, construct_id, assumed_by=trusts, inline_policies={"Grants": document})
    accept_wildcards(role, allowed)
    return role


def service(name: str, places: Places, source_arn: str = "") -> iam.ServicePrincipal:
    """The service, acting for this account, and for the resources that `source_arn` names: no confused deputy."""
    conditions: dict[str, object] = {"StringEquals": {"aws:SourceAccount": places.account}}
    if source_arn:
        conditions["ArnLike"] = {"aws:SourceArn": source_arn}
    return iam.ServicePrincipal(name, conditions=conditions)


class ServiceRoles(Construct):
    """The roles that steps pass on: to Bedrock for a customization job, to the scheduler for a release."""

    def __init__(self, scope: Construct, construct_id: str, places: Places) -> None:
        super().__init__(scope, construct_id)
        self.customization = role_with(
            self,
            "Customization",
            service("bedrock.amazonaws.com", places, places.bedrock("model-customization-job/*")),
            customization_data(places),
        )
        self.scheduler = role_with(
            self,
            "Scheduler",
            service("scheduler.amazonaws.com", places, places.schedule_group),
            release_for_schedules(places),
        )
        self.places = replace(
            places, customization_role=self.customization.role_arn, scheduler_role=self.scheduler.role_arn
        )
