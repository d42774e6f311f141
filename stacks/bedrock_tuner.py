"""The one stack."""

from __future__ import annotations

from aws_cdk import CfnOutput, Environment, Stack, Tags
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks import assets
from stacks.dashboard import Dashboard
from stacks.notifications import Notifications
from stacks.observability import Alarms, Undelivered
from stacks.permissions import Places
from stacks.pipeline import Pipeline
from stacks.roles import ServiceRoles
from stacks.safety_net import Farewell, SafetyNet
from stacks.steps import Steps
from stacks.storage import Storage
from stacks.trigger import Trigger
from tuner.core import resource_names
from tuner.settings import DeploymentSettings


def stack_name(settings: DeploymentSettings) -> str:
    """`BedrockTuner`, or with the deployment's name behind it, so that several can live side by side."""
    usual = DeploymentSettings.model_fields["name"].default
    return "BedrockTuner" if settings.name == usual else f"BedrockTuner-{settings.name}"


class BedrockTuner(Stack):
    """From a dataset in S3 to an evaluated model, with nothing left running."""

    def __init__(self, scope: Construct, settings: DeploymentSettings) -> None:
        name = stack_name(settings)
        super().__init__(
            scope,
            name,
            description="Fine-tunes an Amazon Bedrock model with a dataset dropped into S3, and evaluates it",
            env=Environment(region=settings.region),
        )
        storage = Storage(self, "Storage", settings)
        notifications = Notifications(self, "Notifications", settings, storage.key)
        undelivered = Undelivered(self, "Undelivered").queue
        encoder = assets.encoder(self, settings)
        places = self._places(settings, storage, notifications, undelivered.queue_arn, encoder.arn)
        roles = ServiceRoles(self, "Roles", places)
        functions = Steps(self, "Steps", roles.places, storage, undelivered, encoder).functions
        pipeline = Pipeline(self, "Pipeline", roles.places, storage.key, functions)
        Trigger(self, "Trigger", storage.data_bucket, functions["start_run"], undelivered)
        SafetyNet(self, "SafetyNet", roles.places, functions, undelivered)
        release = functions["release_throughput"]
        alarms = Alarms(self, "Alarms", notifications.topic, undelivered, release, settings)
        Dashboard(self, "Overview", settings, functions, alarms.all)
        Farewell(self, "BeforeDeletion", release)
        self._outputs(
            DataBucketName=storage.data_bucket.bucket_name,
            ArtifactsBucketName=storage.artifacts_bucket.bucket_name,
            StateMachineArn=pipeline.state_machine.state_machine_arn,
            StartFunctionName=functions["start_run"].function_name,
            ReleaseFunctionName=functions["release_throughput"].function_name,
            TopicArn=notifications.topic.topic_arn,
            CustomizationRoleArn=roles.customization.role_arn,
            DeploymentSettings=settings.model_dump_json(),
        )
        self._follow_the_company(settings)

    def _follow_the_company(self, settings: DeploymentSettings) -> None:
        """Tags on everything that can have them, and the boundary of every role."""
        for key, value in {**settings.tags, resource_names.Tags.DEPLOYMENT: settings.name}.items():
            Tags.of(self).add(key, value)
        if named := settings.permissions_boundary:
            arn = named if named.startswith("arn:") else f"arn:{self.partition}:iam::{self.account}:policy/{named}"
            iam.PermissionsBoundary.of(self).apply(iam.ManagedPolicy.from_managed_policy_arn(self, "Boundary", arn))

    def _places(
        self,
        settings: DeploymentSettings,
        storage: Storage,
        notifications: Notifications,
        undelivered: str,
        encoder: str,
    ) -> Places:
        return Places(
            deployment=settings,
            partition=self.partition,
            account=self.account,
            data_bucket=storage.data_bucket.bucket_arn,
            artifacts_bucket=storage.artifacts_bucket.bucket_arn,
            key=storage.key.key_arn,
            topic=notifications.topic.topic_arn,
            undelivered=undelivered,
            encoder=encoder,
        )

    def _outputs(self, **values: str) -> None:
        for name, value in values.items():
            CfnOutput(self, name, value=value)
