"""Permissions on Step Functions, EventBridge Scheduler, and what every function needs: logs and traces."""

from __future__ import annotations

from stacks.permissions.arns import Places
from stacks.permissions.grant import Grant
from tuner.artifacts.gate import GateEvent

# https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html
TRACES = Grant(
    ("xray:PutTraceSegments", "xray:PutTelemetryRecords"), ("*",), "sends traces; AWS knows no narrower resource"
)
# Step Functions samples by itself, Lambda does not: https://docs.aws.amazon.com/step-functions/latest/dg/xray-iam.html
SAMPLED_TRACES = Grant(
    (*TRACES.actions, "xray:GetSamplingRules", "xray:GetSamplingTargets"),
    ("*",),
    "sends the traces that X-Ray's sampling rules ask for; AWS knows no narrower resource",
)


def write_logs(places: Places, step: str) -> list[Grant]:
    """Its own log group and nothing else's."""
    streams = (places.log_streams(step),)
    return [Grant(("logs:CreateLogStream", "logs:PutLogEvents"), streams, "writes its own log"), TRACES]


def give_up(places: Places) -> list[Grant]:
    """Where an event goes that was tried in vain."""
    return [Grant(("sqs:SendMessage",), (places.undelivered,), "keeps an event that was tried in vain")]


def start_executions(places: Places) -> list[Grant]:
    """The state machine's executions."""
    return [Grant(("states:StartExecution",), (places.state_machine,), "starts the run")]


def look_executions_up(places: Places) -> list[Grant]:
    """Whether a run is still going on."""
    return [Grant(("states:DescribeExecution",), (places.executions,), "asks whether the run is still going on")]


def arm_schedules(places: Places) -> list[Grant]:
    """One-time schedules that release the throughput, in the deployment's own group."""
    return [
        Grant(
            ("scheduler:CreateSchedule", "scheduler:GetSchedule"),
            (places.schedules,),
            "arms the switch that releases the throughput",
        ),
        Grant(
            ("iam:PassRole",),
            (places.scheduler_role,),
            "gives the schedule the role that may only call the release function",
            {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}},
        ),
    ]


def list_executions(places: Places) -> list[Grant]:
    """Which runs are going on."""
    return [Grant(("states:ListExecutions",), (places.state_machine,), "asks whether any run is going on")]


def rearm_schedules(places: Places) -> list[Grant]:
    """The switch of a run that keeps its throughput for some hours."""
    return [Grant(("scheduler:UpdateSchedule",), (places.schedules,), "lets the switch fire when the run's hours end")]


def disarm_schedules(places: Places) -> list[Grant]:
    """The switch of a run that has been released."""
    return [Grant(("scheduler:DeleteSchedule",), (places.schedules,), "takes the switch away once it is not needed")]


def tell_decisions(places: Places) -> list[Grant]:
    """The gate's decisions on the default event bus, under this project's name."""
    return [
        Grant(
            ("events:PutEvents",),
            (places.arn("events", "event-bus/default"),),
            "tells whoever deploys next what the gate decided",
            # A request may carry several events: both keys have a set of values.
            {
                "ForAllValues:StringEquals": {
                    "events:source": GateEvent.SOURCE,
                    "events:detail-type": GateEvent.DETAIL_TYPE,
                }
            },
        )
    ]


def release_for_schedules(places: Places) -> list[Grant]:
    """What the scheduler's role may do: call the release function and nothing else."""
    return [Grant(("lambda:InvokeFunction",), (places.function("release_throughput"),), "releases the throughput")]


def run_executions(places: Places, *steps: str) -> list[Grant]:
    """What the state machine's role may do: call the functions of these steps, write its log."""
    return [
        Grant(("lambda:InvokeFunction",), tuple(places.function(step) for step in steps), "calls the steps"),
        Grant(
            # https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
            (
                "logs:CreateLogDelivery",
                "logs:GetLogDelivery",
                "logs:UpdateLogDelivery",
                "logs:DeleteLogDelivery",
                "logs:ListLogDeliveries",
                "logs:PutResourcePolicy",
                "logs:DescribeResourcePolicies",
                "logs:DescribeLogGroups",
            ),
            ("*",),
            "delivers the executions' log; AWS knows no narrower resource for log deliveries",
        ),
        SAMPLED_TRACES,
    ]


def ask_prices(places: Places) -> list[Grant]:
    """AWS's public price list."""
    reason = "asks what AWS charges today; the price list is public, and AWS knows no narrower resource for it"
    return [Grant(("pricing:GetProducts",), ("*",), reason)]
