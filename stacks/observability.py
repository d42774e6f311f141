"""What an operator is told without asking: alarms on what nothing else would notice."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.suppressions import accept


class Undelivered(Construct):
    """The queue of events that were tried in vain. Whatever is in it needs a person."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.queue = sqs.Queue(
            self,
            "Queue",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
            removal_policy=RemovalPolicy.DESTROY,
        )
        accept(self.queue, "SQS3")


class Alarms(Construct):
    """Runs that fail notify by themselves; these are for what keeps them from it."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        topic: sns.ITopic,
        undelivered: sqs.IQueue,
        release: lambda_.IFunction,
    ) -> None:
        super().__init__(scope, construct_id)
        hour = Duration.hours(1)
        self._topic = topic
        self._build(
            "EventGivenUp",
            "An event was tried in vain: read the message in the queue, mend the cause, send the event again",
            undelivered.metric_approximate_number_of_messages_visible(period=Duration.minutes(5), statistic="Maximum"),
            threshold=1,
            periods=1,
        )
        self._build(
            "ThroughputNotReleased",
            "The release function fails for the second hour: paid throughput may be running, look at its log",
            release.metric_errors(period=hour, statistic="Sum"),
            threshold=1,
            periods=2,
        )

    def _build(
        self, construct_id: str, description: str, metric: cloudwatch.IMetric, threshold: int, periods: int
    ) -> None:
        alarm = cloudwatch.Alarm(
            self,
            construct_id,
            alarm_description=description,
            metric=metric,
            threshold=threshold,
            evaluation_periods=periods,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(self._topic))
