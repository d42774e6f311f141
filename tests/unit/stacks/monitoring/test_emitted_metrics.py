"""Each alarm watches what the deployed code emits: the same namespace, name and dimensions, in the EMF that is printed.

The handlers run in processes of their own, with the environment variables that the template gives the function.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from stacks.bundling.layer import CHECKOUT
from tests.unit.stacks.conftest import Synthesis
from tuner.core import cloudwatch_metrics
from tuner.settings import DeploymentSettings

# Each calls the function that emits the metrics, with what it asks AWS for replaced.
_PROGRAMS = {
    cloudwatch_metrics.RUNS: """
from lambdas.step import count_run
from tests.unit.stacks.monitoring.test_metrics import whole_run
from tuner.reporting import run_metrics
count_run(run_metrics(whole_run()))
""",
    "release_throughput": """
from types import SimpleNamespace as Given
from lambdas import release_throughput as module
from tests.lambda_context import CONTEXT
from tuner.core.errors import AwsError
from tuner.serving.deletion import Failure
from tuner.serving.release import ReleaseOutcome
from tuner.serving.sweep.model_cleanup import DeletedModels
failures = [Failure(None, AwsError("denied"))]
module.HourlySweep = lambda *_: Given(
    release_unneeded=lambda: (ReleaseOutcome((), (), ()), failures),
    endpoints=lambda: Given(number=1, oldest_unexpected_hours=3.0),
    delete_schedules=lambda _: ((), ()),
    delete_models=lambda *_: DeletedModels(()),
)
module.notify = lambda *_: None
module.handler({"sweep": True}, CONTEXT)
""",
    "estimate_cost": """
from types import SimpleNamespace as Given
from lambdas import estimate_cost as module
from tests.lambda_context import CONTEXT
from tuner.artifacts.costs.estimate import Estimate
from tuner.aws.s3.run_folder import RunFolder
RunFolder.manifest = lambda _: Given(generates=True, dataset="faq")
RunFolder.list = lambda *_: []  # there is no report yet
module.write_estimate = lambda *_: Estimate(items=(), total_usd=1, budget_usd=9)
module.reserve = lambda *given: (given[3], 0.85)
module.handler({"run_id": "faq-1"}, CONTEXT)
""",
}
# Runs are counted by the functions that end them.
_FUNCTIONS = {cloudwatch_metrics.RUNS: "write_report"}


def alarms(synthesis: Synthesis) -> list[dict[str, Any]]:
    return [entry["Properties"] for entry in synthesis.of_type("AWS::CloudWatch::Alarm").values()]


def dimensions(alarm: dict[str, Any]) -> dict[str, Any]:
    return {each["Name"]: each["Value"] for each in alarm["Dimensions"]}


def emitted(synthesis: Synthesis, service: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Namespace, name and dimensions of each metric that the program of a service prints."""
    function = synthesis.functions()[f"tuner-{_FUNCTIONS.get(service, service).replace('_', '-')}"]
    given = {
        name: value if isinstance(value, str) else "x" for name, value in function["Environment"]["Variables"].items()
    }
    fixed = {
        "DEPLOYMENT": DeploymentSettings().model_dump_json(),
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_LAMBDA_FUNCTION_NAME": "tuner",
        "POWERTOOLS_TRACE_DISABLED": "1",
        "PATH": os.environ["PATH"],
    }
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAMS[service]], cwd=CHECKOUT, env={**given, **fixed}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    for line in done.stdout.splitlines():
        record = json.loads(line) if line.startswith("{") else {}
        for directive in record.get("_aws", {}).get("CloudWatchMetrics", []):
            for names in directive["Dimensions"]:
                for metric in directive["Metrics"]:
                    assert metric["Name"] in record
                    yield directive["Namespace"], metric["Name"], {name: record[name] for name in names}


@pytest.mark.slow
@pytest.mark.parametrize("service", _PROGRAMS)
def test_each_alarm_has_namespace_name_and_dimensions_of_a_metric_that_is_printed(aws: Synthesis, service: str) -> None:
    printed = list(emitted(aws, service))
    watched = [
        (alarm["Namespace"], alarm["MetricName"], dimensions(alarm))
        for alarm in alarms(aws)
        if dimensions(alarm).get("service") == service
    ]
    assert watched
    assert [metric for metric in watched if metric not in printed] == []


def test_every_alarm_is_of_a_service_that_is_tested_or_of_a_resource_of_the_stack(aws: Synthesis) -> None:
    """AWS publishes the metrics of queues and functions itself: there, the dimension must name the right resource."""
    own = {name for alarm in alarms(aws) for name in [dimensions(alarm).get("service")] if name}
    assert own == _PROGRAMS.keys()
    others = {
        (alarm["Namespace"], alarm["MetricName"]): dimensions(alarm)
        for alarm in alarms(aws)
        if "service" not in dimensions(alarm)
    }
    assert others.keys() == {("AWS/SQS", "ApproximateNumberOfMessagesVisible"), ("AWS/Lambda", "Errors")}
    (queue,) = others["AWS/SQS", "ApproximateNumberOfMessagesVisible"].values()
    targets = [
        target
        for rule in aws.of_type("AWS::Events::Rule").values()
        for target in rule["Properties"]["Targets"]
        if "DeadLetterConfig" in target
    ]
    assert {target["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0] for target in targets} == {queue["Fn::GetAtt"][0]}
    (function,) = others["AWS/Lambda", "Errors"].values()
    named = aws.of_type("AWS::Lambda::Function")[function["Ref"]]["Properties"]["FunctionName"]
    assert named == "tuner-release-throughput"
