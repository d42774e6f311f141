"""The state machine: statemachine/customization.asl.json with the functions' ARNs put in."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from stacks import definition
from stacks.log_groups import log_group
from stacks.permissions import Places, services
from stacks.roles import role_with, service


class Pipeline(Construct):
    """Logs every event and traces everything. Not what states are given: that of an approval has its task token."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        places: Places,
        key: kms.IKey,
        functions: Mapping[str, lambda_.IFunction],
    ) -> None:
        super().__init__(scope, construct_id)
        self._places = places
        self._key = key
        self.state_machine = sfn.StateMachine(
            self,
            "StateMachine",
            state_machine_name=places.state_machine_name,
            definition_body=sfn.DefinitionBody.from_string(definition.text(places.deployment)),
            definition_substitutions={name: functions[step].function_arn for name, step in definition.called().items()},
            role=self._role().without_policy_updates(),
            logs=self._logs(),
            tracing_enabled=True,
        )

    def _role(self) -> iam.Role:
        grants = services.run_executions(self._places, *definition.called().values())
        return role_with(
            self,
            "Role",
            service("states.amazonaws.com", self._places, self._places.arn("states", "stateMachine:*")),
            grants,
        )

    def _logs(self) -> sfn.LogOptions:
        # The prefix that AWS reserves for delivered logs keeps the account's one resource policy for them short.
        name = f"/aws/vendedlogs/states/{self._places.state_machine_name}"
        group = log_group(self, "Log", name, self._key, self._places.deployment.retention_days)
        return sfn.LogOptions(destination=group, level=sfn.LogLevel.ALL, include_execution_data=False)
