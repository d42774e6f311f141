"""The state machine: the definition of `statemachine` with the ARNs of the functions' published versions.

A deployment changes nothing for executions in progress. Step Functions keeps the definition that an execution began
with, and the definition names versions of the functions, whose code and settings never change. New executions are
started through an alias. It moves to the new version of the state machine at the end of the deployment.
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-cd-aliasing-versioning.html
"""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from stacks import state_machine_definition
from stacks.monitoring.log_groups import log_group
from stacks.permissions import Arns, services
from stacks.roles import create_role, service
from tuner.core.resource_names import STATE_MACHINE_ALIAS


class Pipeline(Construct):
    """The state machine with its role and log.

    It logs every event, but no input or output of states: the input of an approval contains its task token.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        arns: Arns,
        key: kms.IKey,
        functions: Mapping[str, lambda_.Function],
    ) -> None:
        super().__init__(scope, construct_id)
        self._arns = arns
        self._key = key
        self.state_machine = sfn.StateMachine(
            self,
            "StateMachine",
            state_machine_name=arns.state_machine_name,
            definition_body=sfn.DefinitionBody.from_string(state_machine_definition.text(arns.deployment)),
            definition_substitutions={
                name: functions[step].current_version.function_arn
                for name, step in state_machine_definition.called().items()
            },
            # The grants are complete. Without this, the CDK adds statements of its own to the role.
            role=self._role().without_policy_updates(),
            logs=self._logs(),
            tracing_enabled=True,
        )
        self._publish()

    def _publish(self) -> None:
        """A new version of the state machine for each change of it, and the alias that points to it."""
        machine = self.state_machine.node.default_child
        assert isinstance(machine, sfn.CfnStateMachine)
        version = sfn.CfnStateMachineVersion(
            self,
            "Version",
            state_machine_arn=machine.attr_arn,
            # It changes with every update of the state machine, so that CloudFormation publishes a new version.
            state_machine_revision_id=machine.attr_state_machine_revision_id,
        )
        self.alias = sfn.CfnStateMachineAlias(
            self,
            "Alias",
            name=STATE_MACHINE_ALIAS,
            routing_configuration=[
                sfn.CfnStateMachineAlias.RoutingConfigurationVersionProperty(
                    state_machine_version_arn=version.attr_arn, weight=100
                )
            ],
        )

    def _role(self) -> iam.Role:
        grants = services.run_executions(self._arns, *state_machine_definition.called().values())
        return create_role(
            self,
            "Role",
            service("states.amazonaws.com", self._arns, self._arns.arn("states", "stateMachine:*")),
            grants,
        )

    def _logs(self) -> sfn.LogOptions:
        # With the prefix /aws/vendedlogs/, log groups share one entry in the account's resource policy for log
        # delivery, whose size is limited.
        name = f"/aws/vendedlogs/states/{self._arns.state_machine_name}"
        group = log_group(self, "Log", name, self._key, self._arns.deployment.retention_days)
        return sfn.LogOptions(destination=group, level=sfn.LogLevel.ALL, include_execution_data=False)
