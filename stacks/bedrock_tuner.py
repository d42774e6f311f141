"""The stack of a deployment."""

from __future__ import annotations

from aws_cdk import CfnOutput, Environment, Stack, Tags
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.bundling import assets
from stacks.functions import Steps
from stacks.managed_policies import PeoplePolicies
from stacks.monitoring.alarms import Alarms
from stacks.monitoring.dashboard import Dashboard
from stacks.monitoring.dead_letter_queue import DeadLetterQueue
from stacks.monitoring.notifications import Notifications
from stacks.permissions import Arns
from stacks.release_triggers import ReleaseBeforeDeletion, ReleaseTriggers
from stacks.roles import ServiceRoles
from stacks.state_machine import Pipeline
from stacks.storage import Storage
from stacks.trigger import ArrivalsQueue, Trigger
from tuner.core import resource_names
from tuner.settings import DeploymentSettings


class BedrockTuner(Stack):
    """All resources that take a dataset in S3 to an evaluated model and release everything paid."""

    def __init__(self, scope: Construct, settings: DeploymentSettings) -> None:
        super().__init__(
            scope,
            settings.stack_name,
            description="Fine-tunes an Amazon Bedrock model with a dataset dropped into S3, and evaluates it",
            env=Environment(region=settings.region),
        )
        storage = Storage(self, "Storage", settings)
        notifications = Notifications(self, "Notifications", settings, storage.key)
        dead_letter_queue = DeadLetterQueue(self, "Undelivered").queue
        arrivals = ArrivalsQueue(self, "Arrivals", settings, dead_letter_queue).queue
        encoder = assets.encoder(self, settings)
        arns = self._arns(settings, storage, notifications, arrivals, dead_letter_queue, encoder.arn)
        roles = ServiceRoles(self, "Roles", arns)
        functions = Steps(self, "Steps", roles.arns, storage, dead_letter_queue, encoder).functions
        pipeline = Pipeline(self, "Pipeline", roles.arns, storage.key, functions)
        Trigger(self, "Trigger", storage.data_bucket, arrivals, functions["start_run"], dead_letter_queue)
        # The id is a part of the logical ids: with another one, an upgrade would replace the rules and the schedules.
        ReleaseTriggers(self, "SafetyNet", roles.arns, functions, dead_letter_queue)
        people = PeoplePolicies(self, "People", roles.arns)
        release = functions["release_throughput"]
        alarms = Alarms(self, "Alarms", notifications.topic, dead_letter_queue, release, settings)
        Dashboard(self, "Overview", settings, functions, alarms.all)
        # Last: it depends on every resource that exists when it is created, so that CloudFormation deletes it first.
        ReleaseBeforeDeletion(self, "BeforeDeletion", release)
        # The command line finds a deployment by these outputs, also one of an older version. Keep their names.
        self._outputs(
            DataBucketName=storage.data_bucket.bucket_name,
            ArtifactsBucketName=storage.artifacts_bucket.bucket_name,
            StateMachineArn=pipeline.state_machine.state_machine_arn,
            StartFunctionName=functions["start_run"].function_name,
            ReleaseFunctionName=functions["release_throughput"].function_name,
            TopicArn=notifications.topic.topic_arn,
            StateTableName=storage.state_table.table_name,
            CustomizationRoleArn=roles.customization.role_arn,
            DataOwnerPolicyArn=people.data_owner,
            OperatorPolicyArn=people.operator,
            ReviewerPolicyArn=people.reviewer,
            DeploymentSettings=settings.model_dump_json(),
        )
        self._apply_company_settings(settings)

    def _apply_company_settings(self, settings: DeploymentSettings) -> None:
        """Sets the tags on every resource that supports them, and the permissions boundary on every role."""
        for key, value in {**settings.tags, resource_names.Tags.DEPLOYMENT: settings.name}.items():
            Tags.of(self).add(key, value)
        if named := settings.permissions_boundary:
            arn = named if named.startswith("arn:") else f"arn:{self.partition}:iam::{self.account}:policy/{named}"
            iam.PermissionsBoundary.of(self).apply(iam.ManagedPolicy.from_managed_policy_arn(self, "Boundary", arn))

    def _arns(
        self,
        settings: DeploymentSettings,
        storage: Storage,
        notifications: Notifications,
        arrivals: sqs.IQueue,
        dead_letter_queue: sqs.IQueue,
        encoder: str,
    ) -> Arns:
        return Arns(
            deployment=settings,
            partition=self.partition,
            account=self.account,
            data_bucket=storage.data_bucket.bucket_arn,
            artifacts_bucket=storage.artifacts_bucket.bucket_arn,
            key=storage.key.key_arn,
            topic=notifications.topic.topic_arn,
            state_table=storage.state_table.table_arn,
            arrivals_queue=arrivals.queue_arn,
            dead_letter_queue=dead_letter_queue.queue_arn,
            encoder=encoder,
        )

    def _outputs(self, **values: str) -> None:
        for name, value in values.items():
            CfnOutput(self, name, value=value)
