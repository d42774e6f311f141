"""The permissions of every role in the function table and in the deployment, and the removal of one permission."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from stacks.permissions.permissions_page import every_role, example_arns
from tests.e2e.own_scorer import SCORERS
from tests.e2e.pipeline import STACK, Pipeline
from tuner.settings import DeploymentSettings

CUSTOMIZATION, BATCHES = "customization jobs", "batch jobs"
SCHEDULES, STATE_MACHINE = "release schedules", "state machine"
_TITLES = {
    "Customization jobs (Bedrock's service role)": CUSTOMIZATION,
    "Batch jobs (Bedrock's service role)": BATCHES,
    "Release schedules": SCHEDULES,
    "The state machine": STATE_MACHINE,
}
_POLICY = "Grants"


@dataclass(frozen=True, order=True)
class Permission:
    """An action that a role may take on one kind of resource. `role` is a step's name, or one of the four above."""

    role: str
    action: str
    on: str

    def __str__(self) -> str:
        return f"{self.role} {self.action} on {self.on}"


def granted() -> tuple[Permission, ...]:
    """What the table grants, in the order of the roles."""
    found = dict.fromkeys(
        Permission(_TITLES.get(title) or title.split("`")[1], action, kind_of(arn, grant.conditions))
        for title, _, grants in every_role(replace(example_arns(), deployment=DeploymentSettings(scorers=SCORERS)))
        for grant in grants
        for action in grant.actions
        for arn in grant.resources
    )
    return tuple(found)


def kind_of(arn: str, conditions: Mapping[str, Any]) -> str:
    """The resource in a word: the type of Bedrock's ARNs, the rest of others; a key also by the service it is used
    through. Identifiers that a deployment makes stand there as words."""
    resource = arn.split(":", 5)[-1].removesuffix(":*")
    if ":bedrock:" in arn:
        return resource.partition("/")[0]
    through = re.search(r'"(s3|sns)\.[a-z0-9-]+\.amazonaws\.com"', json.dumps(conditions))
    return f"{resource} through {through[1]}" if through else resource


class Roles:
    """The deployed roles, by the names that `Permission` has for them."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._iam = pipeline.client("iam")

    @cached_property
    def names(self) -> dict[str, str]:
        """The deployed role's own name."""
        outputs = self._pipeline.outputs
        machine = self._pipeline.client("stepfunctions").describe_state_machine(
            stateMachineArn=outputs["StateMachineArn"]
        )
        arns = {STATE_MACHINE: machine["roleArn"], CUSTOMIZATION: outputs["CustomizationRoleArn"]}
        for function in self._functions():
            variables = function["Environment"]["Variables"]
            arns[variables["POWERTOOLS_SERVICE_NAME"]] = function["Role"]
            if role := variables.get("BATCH_ROLE_ARN"):
                arns[BATCHES] = role
            if role := variables.get("SCHEDULER_ROLE_ARN"):
                arns[SCHEDULES] = role
        return {role: arn.rsplit("/", 1)[-1] for role, arn in arns.items()}

    def deployed(self) -> set[str]:
        """The names of all roles in the stack."""
        return set(self._resources("AWS::IAM::Role"))

    def held(self) -> set[Permission]:
        """What the deployed policies allow."""
        return {
            self._permission(role, action, arn, statement)
            for role in self.names
            for statement in self._statements(role)
            for action, arn in _pairs(statement)
        }

    def arns(self, permission: Permission) -> set[str]:
        """What the permission is on, as the deployed policy says it."""
        return {
            arn
            for statement in self._statements(permission.role)
            for action, arn in _pairs(statement)
            if self._permission(permission.role, action, arn, statement) == permission
        }

    @contextmanager
    def without(self, *missing: Permission) -> Iterator[None]:
        """The deployment lacks these permissions, and has them again afterwards."""
        roles = {permission.role for permission in missing}
        before = {role: self._statements(role) for role in roles}
        try:
            for role, statements in before.items():
                self._put(role, self._reduced(role, statements, set(missing)))
            yield
        finally:
            for role, statements in before.items():
                self._put(role, statements)

    def _reduced(
        self, role: str, statements: Iterable[dict[str, Any]], missing: set[Permission]
    ) -> list[dict[str, Any]]:
        return [
            {**statement, "Action": action, "Resource": arn}
            for statement in statements
            for action, arn in _pairs(statement)
            if self._permission(role, action, arn, statement) not in missing
        ]

    def _permission(self, role: str, action: str, arn: str, statement: Mapping[str, Any]) -> Permission:
        for identifier, word in self._words.items():
            arn = arn.replace(identifier, word)
        return Permission(role, action, kind_of(arn, statement.get("Condition", {})))

    @cached_property
    def _words(self) -> dict[str, str]:
        """What a deployment makes, and how the table's example calls it; longer ones first."""
        outputs = self._pipeline.outputs
        (key,) = self._resources("AWS::KMS::Key")
        queues = [url.rsplit("/", 1)[-1] for url in self._resources("AWS::SQS::Queue")]
        (arrivals,) = [name for name in queues if "Arrivals" in name]
        (undelivered,) = [name for name in queues if name != arrivals]
        scoring = next(
            variables
            for function in self._functions()
            if "ENCODER_KEY" in (variables := function["Environment"]["Variables"])
        )
        words = {
            scoring["ENCODER_BUCKET"]: "ASSETS",
            scoring["ENCODER_KEY"]: "ENCODER.tar",
            outputs["DataBucketName"]: "DATA",
            outputs["ArtifactsBucketName"]: "ARTIFACTS",
            outputs["TopicArn"].rsplit(":", 1)[-1]: "TOPIC",
            outputs["StateTableName"]: "STATE",
            self.names[CUSTOMIZATION]: "CUSTOMIZATION",
            self.names[BATCHES]: "BATCH",
            self.names[SCHEDULES]: "SCHEDULER",
            key.rsplit("/", 1)[-1]: "KEY",
            arrivals: "ARRIVALS",
            undelivered: "QUEUE",
            outputs["StateMachineArn"].split(":")[4]: "ACCOUNT",
        }
        return dict(sorted(words.items(), key=lambda entry: -len(entry[0])))

    def _functions(self) -> list[dict[str, Any]]:
        functions = self._pipeline.client("lambda")
        return [
            functions.get_function_configuration(FunctionName=name) for name in self._resources("AWS::Lambda::Function")
        ]

    def _resources(self, kind: str) -> list[str]:
        pages = self._pipeline.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=STACK)
        return [
            entry["PhysicalResourceId"]
            for page in pages
            for entry in page["StackResourceSummaries"]
            if entry["ResourceType"] == kind
        ]

    def _statements(self, role: str) -> list[dict[str, Any]]:
        found = self._iam.get_role_policy(RoleName=self.names[role], PolicyName=_POLICY)
        statements: list[dict[str, Any]] = found["PolicyDocument"]["Statement"]
        return statements

    def _put(self, role: str, statements: list[dict[str, Any]]) -> None:
        if not statements:  # IAM takes no policy without any
            self._iam.delete_role_policy(RoleName=self.names[role], PolicyName=_POLICY)
            return
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        self._iam.put_role_policy(RoleName=self.names[role], PolicyName=_POLICY, PolicyDocument=document)


def _pairs(statement: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for action in _list(statement["Action"]):
        for arn in _list(statement["Resource"]):
            yield action, arn


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
