"""What an operator is told without asking: alarms on what nothing else would notice."""

from __future__ import annotations

from collections.abc import Iterator

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.dashboard import of_service
from stacks.suppressions import accept
from tuner.core import cloudwatch_metrics
from tuner.settings import DeploymentSettings

_SWEEP = "release_throughput"
_FIVE_MINUTES, _HOUR = Duration.minutes(5), Duration.hours(1)


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
    """What people are told without asking. `all` are the alarms, for the dashboard."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        topic: sns.ITopic,
        undelivered: sqs.IQueue,
        release: lambda_.IFunction,
        settings: DeploymentSettings,
    ) -> None:
        super().__init__(scope, construct_id)
        self._topic = topic
        self._name = settings.name
        self.all = [*self._of_the_machinery(undelivered, release), *self._of_money(settings)]

    def _of_the_machinery(self, undelivered: sqs.IQueue, release: lambda_.IFunction) -> Iterator[cloudwatch.Alarm]:
        """Runs that fail notify by themselves; these are for what keeps them from it."""
        yield self._build(
            "EventGivenUp",
            "An event was tried in vain: read the message in the queue, mend the cause, send the event again",
            undelivered.metric_approximate_number_of_messages_visible(period=_FIVE_MINUTES, statistic="Maximum"),
        )
        yield self._build(
            "ThroughputNotReleased",
            "The release function fails for the second hour: paid throughput may be running, look at its log",
            release.metric_errors(period=_HOUR, statistic="Sum"),
            periods=2,
        )
        yield self._build(
            "RunFailed",
            "A run failed, was stopped or took too long: its notification and 'tuner show' say why",
            self._of(cloudwatch_metrics.RUNS, cloudwatch_metrics.RUN_FAILED, "Sum", _FIVE_MINUTES),
        )

    def _of_money(self, settings: DeploymentSettings) -> Iterator[cloudwatch.Alarm]:
        yield self._build(
            "ReleaseFailed",
            "Paid throughput could not be deleted: the sweep's notification has the ARN, the price and the command",
            self._of(_SWEEP, "ReleaseFailed", "Sum", _HOUR),
        )
        yield self._build(
            "ThroughputTooOld",
            f"Throughput or a deployment is older than the {settings.longest_throughput_hours:g} hours after which the "
            "switch releases it, and nothing keeps it: 'tuner throughput' lists it, 'tuner throughput release' ends it",
            self._of(_SWEEP, "OldestEndpointHours", "Maximum", _HOUR),
            threshold=settings.longest_throughput_hours,
            operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        )
        yield self._build(
            "OverBudget",
            "A run used more than its budget, at list prices: its report shows the estimate beside what was used",
            self._of(cloudwatch_metrics.RUNS, cloudwatch_metrics.OVER_BUDGET_USD, "Maximum", _FIVE_MINUTES),
            threshold=0,
            operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        )

    def _of(self, service: str, name: str, statistic: str, period: Duration) -> cloudwatch.Metric:
        return of_service(self._name, service, name, statistic, period)

    def _build(
        self,
        construct_id: str,
        description: str,
        metric: cloudwatch.IMetric,
        threshold: float = 1,
        periods: int = 1,
        operator: cloudwatch.ComparisonOperator = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    ) -> cloudwatch.Alarm:
        alarm = cloudwatch.Alarm(
            self,
            construct_id,
            alarm_description=description,
            metric=metric,
            threshold=threshold,
            evaluation_periods=periods,
            comparison_operator=operator,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(self._topic))
        return alarm
