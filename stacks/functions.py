"""The Lambda functions: one per row of the function table, each with its role and log group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_cdk import Duration, RemovalPolicy, Size
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.bundling import assets
from stacks.bundling.layer import DEPENDENCIES, RETRIEVAL, SCORING
from stacks.checks.suppressions import accept
from stacks.function_table import STEPS, Step
from stacks.monitoring.log_groups import log_group
from stacks.permissions import Arns
from stacks.permissions.arns import function_name
from stacks.roles import create_role
from stacks.state_machine_definition import placeholder
from stacks.storage import Storage
from tuner.core.cloudwatch_metrics import namespace


class Steps(Construct):
    """All functions. `functions` maps the name of a step to its function."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        arns: Arns,
        storage: Storage,
        dead_letter_queue: sqs.IQueue,
        encoder: assets.EncoderObject,
    ) -> None:
        super().__init__(scope, construct_id)
        self._arns = arns
        self._settings = arns.deployment
        self._storage = storage
        self._dead_letter_queue = dead_letter_queue
        self._encoder = encoder
        # The local cloud runs functions in its own Python environment, which has the packages.
        local = self._settings.target == "local"
        self._layers = [] if local else [assets.layer(self, DEPENDENCIES)]
        # The variables that only some functions have.
        self._more_layers = (
            {} if local else {"score_answers": assets.layer(self, SCORING), "preprocess": assets.layer(self, RETRIEVAL)}
        )
        self._code = assets.code()
        self.functions: Mapping[str, lambda_.Function] = {step.name: self._build(step) for step in STEPS}

    def _build(self, step: Step) -> lambda_.Function:
        scope = Construct(self, placeholder(step.name))
        function = lambda_.Function(
            scope,
            "Function",
            runtime=lambda_.Runtime.PYTHON_3_13,
            handler=f"lambdas.{step.name}.handler",
            code=self._code,
            **self._common(scope, step),
            **self._size(step),
        )
        accept(function, "L1")
        self._connect(function)
        if step.asynchronous:
            lambda_.EventInvokeConfig(
                scope,
                "Asynchronous",
                function=function,
                # The maximum of Lambda for retries and for the age of an event.
                retry_attempts=2,
                max_event_age=Duration.hours(6),
                on_failure=destinations.SqsDestination(self._dead_letter_queue),
            )
        return function

    def _size(self, step: Step) -> dict[str, Any]:
        """Layers, memory and storage. The encoder determines memory and storage of the scoring function."""
        more = self._more_layers.get(step.name)
        layers = [*self._layers, more] if more else self._layers
        if step.name != "score_answers":
            return {"layers": layers, "memory_size": step.memory}
        needs = self._encoder.needs
        return {
            "layers": layers,
            "memory_size": max(step.memory, needs.memory),
            "ephemeral_storage_size": Size.mebibytes(needs.storage),
        }

    def _connect(self, function: lambda_.Function) -> None:
        """Connects the function to the deployment's VPC.

        The `vpc` property of the CDK needs a VPC object, which a lookup in the account would return. Synthesis works
        without credentials, so the property of the CloudFormation resource is set.
        """
        if vpc := self._settings.vpc:
            resource = function.node.default_child
            assert isinstance(resource, lambda_.CfnFunction)
            resource.vpc_config = lambda_.CfnFunction.VpcConfigProperty(
                subnet_ids=list(vpc.subnet_ids), security_group_ids=list(vpc.security_group_ids)
            )

    def _common(self, scope: Construct, step: Step) -> dict[str, Any]:
        return {
            "function_name": function_name(self._settings.name, step.name),
            "architecture": lambda_.Architecture.ARM_64,
            "timeout": Duration.minutes(step.minutes),
            "environment": self._environment(step),
            "role": self._role(scope, step),
            # A running execution calls the versions of the deployment that it began with. They cost nothing, and
            # Lambda deletes them with the function.
            "current_version_options": lambda_.VersionOptions(removal_policy=RemovalPolicy.RETAIN),
            "tracing": lambda_.Tracing.ACTIVE,
            "logging_format": lambda_.LoggingFormat.JSON,
            "log_group": log_group(
                scope,
                "Log",
                self._arns.log_group_name(step.name),
                self._storage.key,
                self._settings.retention_days,
            ),
        }

    def _role(self, scope: Construct, step: Step) -> iam.IRole:
        role = create_role(scope, "Role", iam.ServicePrincipal("lambda.amazonaws.com"), step.all_grants(self._arns))
        # The function table is complete: this prevents the CDK from adding statements.
        return role.without_policy_updates()

    def _environment(self, step: Step) -> dict[str, str]:
        available = {
            "STATE_TABLE": self._storage.state_table.table_name,
            "STATE_MACHINE_ARN": self._arns.state_machine,
            "CUSTOMIZATION_ROLE_ARN": self._arns.customization_role,
            "BATCH_ROLE_ARN": self._arns.batch_role,
            "TOPIC_ARN": self._arns.topic,
            "RELEASE_FUNCTION_ARN": self._arns.function("release_throughput"),
            "SCHEDULER_ROLE_ARN": self._arns.scheduler_role,
            "SCHEDULE_GROUP": self._arns.schedule_group_name,
            "ENCODER_BUCKET": self._encoder.bucket,
            "ENCODER_KEY": self._encoder.key,
            "ENCODER_SHA256": self._encoder.digest,
        }
        return {
            "DEPLOYMENT": self._settings.for_functions(),
            "DATA_BUCKET": self._storage.data_bucket.bucket_name,
            "ARTIFACTS_BUCKET": self._storage.artifacts_bucket.bucket_name,
            "POWERTOOLS_SERVICE_NAME": step.name,
            "POWERTOOLS_METRICS_NAMESPACE": namespace(self._settings.name),
            "POWERTOOLS_LOG_LEVEL": "INFO",
        } | {name: available[name] for name in step.environment}
