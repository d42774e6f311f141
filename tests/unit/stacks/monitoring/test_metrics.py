"""Tests that the code emits every metric of the alarms and the dashboard, with the same name and dimension."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from stacks.bundling.layer import CHECKOUT
from stacks.function_table import STEPS
from tests.unit.stacks.conftest import Synthesis
from tuner.artifacts.costs.estimate import Estimate
from tuner.artifacts.evaluation.verdict import Verdict
from tuner.artifacts.report import Bill, ServingEndpoint
from tuner.core import cloudwatch_metrics
from tuner.reporting import Report, run_metrics

NAMESPACE = cloudwatch_metrics.namespace("tuner")
LAMBDAS = CHECKOUT / "lambdas"


def alarmed(synthesis: Synthesis) -> dict[str, dict[str, Any]]:
    """Alarms by their metric's name."""
    alarms = [entry["Properties"] for entry in synthesis.of_type("AWS::CloudWatch::Alarm").values()]
    return {alarm["MetricName"]: alarm for alarm in alarms}


def ours(synthesis: Synthesis) -> set[tuple[str, str]]:
    """(service, name) of every metric of ours in the template."""
    ((_, dashboard),) = synthesis.of_type("AWS::CloudWatch::Dashboard").items()
    body = dashboard["Properties"]["DashboardBody"]
    parts = body["Fn::Join"][1] if isinstance(body, dict) else [body]
    text = "".join(part if isinstance(part, str) else "REFERENCE" for part in parts)
    drawn = {
        (metric[3], metric[1])
        for widget in json.loads(text)["widgets"]
        for metric in widget["properties"].get("metrics", [])
        if metric[0] == NAMESPACE and metric[2] == "service"
    }
    alarms = [alarm for alarm in alarmed(synthesis).values() if alarm["Namespace"] == NAMESPACE]
    return drawn | {(alarm["Dimensions"][0]["Value"], alarm["MetricName"]) for alarm in alarms}


def emitted() -> set[tuple[str, str]]:
    """(service, name) of what the code counts: of runs by counting one, of steps by the literals of their module."""
    of_runs = {(cloudwatch_metrics.RUNS, name) for name in run_metrics(whole_run())}
    return of_runs | {(step.name, name) for step in STEPS for name in counted_by(LAMBDAS / f"{step.name}.py")}


def whole_run() -> Report:
    """A run of which everything is known."""
    return Report(
        run_id="faq-1",
        status="SUCCEEDED",
        verdict=Verdict(sentence="Better."),
        started_at="2026-11-23T07:00:00Z",
        ended_at="2026-11-23T08:00:00Z",
        folder="s3://artifacts/runs/faq-1/",
        serving=ServingEndpoint(
            kind="provisioned", arn="a", name="n", created_at="2026-11-23T07:00:00Z", paid_seconds=1
        ),
        estimate=Estimate(items=(), total_usd=1.0, budget_usd=1.0),
        bill=Bill(total_usd=1.0),
    )


def counted_by(module: Path) -> set[str]:
    source = module.read_text("utf-8")
    return set(re.findall(r'"([A-Z][A-Za-z]+)"', source)) if "add_metric(" in source else set()


def test_the_code_emits_every_metric_of_the_alarms_and_the_dashboard(aws: Synthesis) -> None:
    shown = ours(aws)
    assert shown - emitted() == set()
    of_runs = {name for service, name in shown if service == cloudwatch_metrics.RUNS}
    assert {"RUN_COUNT", "RUN_FAILED", "PAID_SECONDS", "ACTUAL_USD", "RUN_SECONDS"} <= {
        constant for constant, name in vars(cloudwatch_metrics).items() if isinstance(name, str) and name in of_runs
    }
    assert ("release_throughput", "OldestEndpointHours") in shown


def test_functions_use_the_namespace_and_service_of_the_alarms(aws: Synthesis) -> None:
    for name, function in aws.functions().items():
        variables = function.get("Environment", {}).get("Variables", {})
        if "POWERTOOLS_SERVICE_NAME" in variables:
            assert variables["POWERTOOLS_METRICS_NAMESPACE"] == NAMESPACE, name
            assert f"tuner-{variables['POWERTOOLS_SERVICE_NAME'].replace('_', '-')}" == name


@pytest.mark.parametrize(
    ("metric", "breaches", "keeps"),
    [
        (cloudwatch_metrics.RUN_FAILED, 1, 0),
        (cloudwatch_metrics.OVER_BUDGET_USD, 0.01, 0),
        ("OldestEndpointHours", 2.1, 2),
        ("ReleaseFailed", 1, 0),
        ("CeilingUsedPercent", 80, 79.9),
    ],
)
def test_an_alarm_goes_off_when_it_should(aws: Synthesis, metric: str, breaches: float, keeps: float) -> None:
    alarm = alarmed(aws)[metric]
    over = alarm["ComparisonOperator"] == "GreaterThanThreshold"
    assert [value > alarm["Threshold"] if over else value >= alarm["Threshold"] for value in (breaches, keeps)] == [
        True,
        False,
    ]
    assert (alarm["EvaluationPeriods"], alarm["TreatMissingData"]) == (1, "notBreaching")
    assert alarm["AlarmActions"]


def test_two_deployments_do_not_set_off_each_others_alarms() -> None:
    assert cloudwatch_metrics.namespace("tuner") != cloudwatch_metrics.namespace("faq")
