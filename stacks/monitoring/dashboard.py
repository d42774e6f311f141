"""The CloudWatch dashboard: runs, failures, dollars, paid time, throttles and durations of the last 30 days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from tuner.core import cloudwatch_metrics
from tuner.settings import DeploymentSettings

# CloudWatch divides a dashboard into 24 columns: two graphs stand side by side.
_HALF, _HIGH = 12, 6
_SWEEP = "release_throughput"
# A metric of Bedrock, per model. A search expression finds all models, because only the runs determine which are used.
_THROTTLED = "SEARCH('{AWS/Bedrock,ModelId} MetricName=\"InvocationThrottles\"', 'Sum', 3600)"


def service_metric(deployment: str, service: str, name: str, statistic: str, period: Duration) -> cloudwatch.Metric:
    """A metric that a function of this project publishes."""
    return cloudwatch.Metric(
        namespace=cloudwatch_metrics.namespace(deployment),
        metric_name=name,
        dimensions_map={"service": service},
        statistic=statistic,
        period=period,
    )


class Dashboard(Construct):
    """The dashboard for operators and for those who pay."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        settings: DeploymentSettings,
        functions: Mapping[str, lambda_.IFunction],
        alarms: Sequence[cloudwatch.IAlarm],
    ) -> None:
        super().__init__(scope, construct_id)
        self._name = settings.name
        self._functions = functions
        dashboard = cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=f"{settings.name}-runs-{settings.region}",
            default_interval=Duration.days(30),
        )
        dashboard.add_widgets(cloudwatch.AlarmStatusWidget(alarms=list(alarms), title="Alarms", width=24, height=3))
        dashboard.add_widgets(self._runs(), self._gates())
        dashboard.add_widgets(self._dollars(), self._paid())
        dashboard.add_widgets(self._durations(), self._throttles())

    def _runs(self) -> cloudwatch.GraphWidget:
        names = {cloudwatch_metrics.RUN_COUNT: "runs", cloudwatch_metrics.RUN_FAILED: "failed"}
        shown = [self._of_runs(name, "Sum", label) for name, label in names.items()]
        return self._graph("Runs that ended, a day", shown)

    def _gates(self) -> cloudwatch.GraphWidget:
        names = ("GateAccepted", "GateRejected", "GateUndecided")
        return self._graph("Gates, a day", [self._of("apply_gate", name, "Sum") for name in names])

    def _dollars(self) -> cloudwatch.GraphWidget:
        names = {
            cloudwatch_metrics.ESTIMATED_USD: "estimated",
            cloudwatch_metrics.ACTUAL_USD: "used, at list prices",
            cloudwatch_metrics.OVER_BUDGET_USD: "over budget",
        }
        title = "US dollars, a day (unknown prices are not in them)"
        return self._graph(title, [self._of_runs(name, "Sum", label) for name, label in names.items()])

    def _paid(self) -> cloudwatch.GraphWidget:
        hourly = Duration.hours(1)
        return cloudwatch.GraphWidget(
            title="Paid throughput",
            width=_HALF,
            height=_HIGH,
            left=[self._of_runs(cloudwatch_metrics.PAID_SECONDS, "Sum", "seconds paid for, a day")],
            right=[
                service_metric(self._name, _SWEEP, "EndpointsAlive", "Maximum", hourly),
                service_metric(self._name, _SWEEP, "OldestEndpointHours", "Maximum", hourly),
                service_metric(self._name, _SWEEP, "ReleaseFailed", "Sum", hourly),
            ],
        )

    def _durations(self) -> cloudwatch.GraphWidget:
        slow = ("answer_questions", "score_answers", "preprocess")
        return cloudwatch.GraphWidget(
            title="Durations: runs in seconds, functions in milliseconds",
            width=_HALF,
            height=_HIGH,
            left=[
                self._of_runs(cloudwatch_metrics.RUN_SECONDS, "p50", "half of the runs"),
                self._of_runs(cloudwatch_metrics.RUN_SECONDS, "Maximum", "the longest run"),
            ],
            right=[self._functions[name].metric_duration(statistic="Maximum", label=name) for name in slow],
        )

    def _throttles(self) -> cloudwatch.GraphWidget:
        asking = ("answer_questions", "score_answers")
        return cloudwatch.GraphWidget(
            title="Throttles: models by Bedrock's own count, answers that failed, functions",
            width=_HALF,
            height=_HIGH,
            left=[
                cloudwatch.MathExpression(
                    expression=_THROTTLED, using_metrics={}, label=""
                ),  # an empty label shows the model ids
                self._of("answer_questions", "AnswersFailed", "Sum"),
            ],
            right=[self._functions[name].metric_throttles(label=f"{name} throttled") for name in asking],
        )

    def _of_runs(self, name: str, statistic: str, label: str) -> cloudwatch.IMetric:
        return self._of(cloudwatch_metrics.RUNS, name, statistic).with_(label=label)

    def _of(self, service: str, name: str, statistic: str) -> cloudwatch.Metric:
        return service_metric(self._name, service, name, statistic, Duration.days(1))

    @staticmethod
    def _graph(title: str, shown: Sequence[cloudwatch.IMetric]) -> cloudwatch.GraphWidget:
        return cloudwatch.GraphWidget(title=title, width=_HALF, height=_HIGH, left=list(shown))
