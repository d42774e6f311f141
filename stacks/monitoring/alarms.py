"""The CloudWatch alarms, which notify the operator."""

from __future__ import annotations

from collections.abc import Iterator

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.monitoring.dashboard import service_metric
from tuner.core import cloudwatch_metrics
from tuner.settings import DeploymentSettings

_SWEEP = "release_throughput"
_NEAR_PERCENT = 80
_FIVE_MINUTES, _HOUR = Duration.minutes(5), Duration.hours(1)


class Alarms(Construct):
    """The alarms. `all` lists them for the dashboard."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        topic: sns.ITopic,
        dead_letter_queue: sqs.IQueue,
        release: lambda_.IFunction,
        settings: DeploymentSettings,
    ) -> None:
        super().__init__(scope, construct_id)
        self._topic = topic
        self._name = settings.name
        self.all = [*self._pipeline_alarms(dead_letter_queue, release), *self._cost_alarms(settings)]

    def _pipeline_alarms(self, dead_letter_queue: sqs.IQueue, release: lambda_.IFunction) -> Iterator[cloudwatch.Alarm]:
        """Alarms on the pipeline itself. A failed run notifies people; these cover the cases in which it cannot."""
        yield self._build(
            "EventGivenUp",
            "An event is in the dead-letter queue after all retries: "
            "read the message, fix the cause, send the event again",
            dead_letter_queue.metric_approximate_number_of_messages_visible(period=_FIVE_MINUTES, statistic="Maximum"),
        )
        yield self._build(
            "ThroughputNotReleased",
            "The release function failed in two consecutive hours: paid throughput may still exist, check its log",
            release.metric_errors(period=_HOUR, statistic="Sum"),
            # The next sweep retries what one sweep could not release, so a single failure needs no person.
            periods=2,
        )
        yield self._build(
            "RunFailed",
            "A run failed, was stopped or timed out: its notification and 'tuner show' give the cause",
            self._of(cloudwatch_metrics.RUNS, cloudwatch_metrics.RUN_FAILED, "Sum", _FIVE_MINUTES),
        )

    def _cost_alarms(self, settings: DeploymentSettings) -> Iterator[cloudwatch.Alarm]:
        yield self._build(
            "ReleaseFailed",
            "Paid throughput could not be deleted: the sweep's notification has the ARN, the price and the command",
            self._of(_SWEEP, "ReleaseFailed", "Sum", _HOUR),
        )
        yield self._build(
            "ThroughputTooOld",
            f"Throughput or a deployment is older than the {settings.longest_throughput_hours:g} hours after which the "
            "release schedule deletes it, and no run keeps it: 'tuner throughput' lists it, with the command to "
            "delete it",
            self._of(_SWEEP, "OldestEndpointHours", "Maximum", _HOUR),
            threshold=settings.longest_throughput_hours,
            operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        )
        yield self._build(
            "OverBudget",
            "A run cost more than its budget at list prices: its report compares the estimate with the cost",
            self._of(cloudwatch_metrics.RUNS, cloudwatch_metrics.OVER_BUDGET_USD, "Maximum", _FIVE_MINUTES),
            threshold=0,
            operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        )
        # Without a ceiling the metric has no values, and the alarm stays quiet.
        yield self._build(
            "CeilingNear",
            f"{_NEAR_PERCENT} % of what all runs may reserve and spend this month (monthly_usd) are used: "
            "'tuner spending' shows by what. Above the ceiling, runs wait for approval",
            self._of("estimate_cost", "CeilingUsedPercent", "Maximum", _FIVE_MINUTES),
            threshold=_NEAR_PERCENT,
        )

    def _of(self, service: str, name: str, statistic: str, period: Duration) -> cloudwatch.Metric:
        return service_metric(self._name, service, name, statistic, period)

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
            # Most metrics have data only when a run ends. Missing data is the normal case, not a failure.
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(self._topic))
        return alarm
