"""The encrypted SNS topic that notifies the deployment's e-mail addresses."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from tuner.settings import DeploymentSettings


class Notifications(Construct):
    """The topic for the results of runs and for alarms."""

    def __init__(self, scope: Construct, construct_id: str, settings: DeploymentSettings, key: kms.IKey) -> None:
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(
            self, "Topic", display_name=f"Bedrock tuner: {settings.name}", master_key=key, enforce_ssl=True
        )
        # With enforce_ssl the topic has a policy of its own, which replaces SNS's default policy. The default one
        # allows services of this account to publish, so the alarms need a statement.
        self._allow_alarms()
        for address in settings.notification_emails:
            self.topic.add_subscription(subscriptions.EmailSubscription(address))

    def _allow_alarms(self) -> None:
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsOfThisAccount",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
            )
        )
