"""Permissions on Step Functions, DynamoDB, EventBridge, SNS, the price list, logs, traces and the dead-letter queue."""

from __future__ import annotations

from stacks.permissions.arns import Arns
from stacks.permissions.grant import Grant, pass_role
from stacks.permissions.kms import use_key
from tuner.artifacts.evaluation.gate import GateEvent

# https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html
TRACES = Grant(
    ("xray:PutTraceSegments", "xray:PutTelemetryRecords"), ("*",), "sends traces; AWS has no narrower resource"
)
# Step Functions reads the sampling rules with its role, Lambda does not: https://docs.aws.amazon.com/step-functions/latest/dg/xray-iam.html
SAMPLED_TRACES = Grant(
    (*TRACES.actions, "xray:GetSamplingRules", "xray:GetSamplingTargets"),
    ("*",),
    "sends the traces that X-Ray's sampling rules ask for; AWS has no narrower resource",
)


def write_logs(arns: Arns, step: str) -> list[Grant]:
    """Writes the function's own log group, and traces."""
    streams = (arns.log_streams(step),)
    return [Grant(("logs:CreateLogStream", "logs:PutLogEvents"), streams, "writes its own log"), TRACES]


def dead_letter_events(arns: Arns) -> list[Grant]:
    """Sends events to the dead-letter queue after all retries."""
    return [
        Grant(
            ("sqs:SendMessage",), (arns.dead_letter_queue,), "sends an event to the dead-letter queue after all retries"
        )
    ]


def invoke_scorers(arns: Arns) -> list[Grant]:
    """Calls the deployer's own scorers. A deployment that names none has no such grant."""
    functions = tuple(dict.fromkeys(arns.deployment.scorers.values()))
    if not functions:
        return []
    return [Grant(("lambda:InvokeFunction",), functions, "asks the scorers of the settings for scores")]


def receive_arrivals(arns: Arns) -> list[Grant]:
    """Receives the messages of the arrivals queue: Lambda does it with the function's role."""
    # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html#events-sqs-permissions
    actions = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
    return [Grant(actions, (arns.arrivals_queue,), "receives the uploads of datasets")]


_READ_STATE = ("dynamodb:GetItem", "dynamodb:Query")
# A transaction needs the permissions of the actions that it combines:
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
_WRITE_STATE = ("dynamodb:PutItem", "dynamodb:UpdateItem")
_CHANGE_STATE = (*_READ_STATE, *_WRITE_STATE)
_LEDGER, _PLACES, _READS = "ledger#*", "places#*", "reads#*"


def _shared_state(arns: Arns, actions: tuple[str, ...], partitions: str, reason: str) -> Grant:
    """Actions on items of the table of shared state, in partitions of these keys only."""
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
    # A request can name several items, so the condition key is multivalued.
    only = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": partitions}}
    return Grant(actions, (arns.state_table,), reason, only)


def keep_ledger(arns: Arns) -> list[Grant]:
    """Reads and changes the ledger of spending."""
    return [_shared_state(arns, _CHANGE_STATE, _LEDGER, "keeps the ledger of spending")]


def reserve_in_ledger(arns: Arns) -> list[Grant]:
    """Reserves an amount in the ledger of spending, without reading the entries of a month."""
    actions = ("dynamodb:GetItem", *_WRITE_STATE)
    return [_shared_state(arns, actions, _LEDGER, "reserves what its test requests cost")]


def read_ledger(arns: Arns) -> list[Grant]:
    """Reads what the runs of a month have reserved and spent."""
    return [_shared_state(arns, ("dynamodb:Query",), _LEDGER, "reads the ledger of spending")]


def limit_reads(arns: Arns) -> list[Grant]:
    """Counts what is read of each dataset."""
    return [_shared_state(arns, ("dynamodb:GetItem", "dynamodb:PutItem"), _READS, "limits the reads of a dataset")]


def queue_for_places(arns: Arns) -> list[Grant]:
    """Keeps the queue for places, and wakes the runs that get one."""
    wakes = "lets a waiting run continue; AWS has no narrower resource for task tokens"
    return [
        _shared_state(arns, (*_CHANGE_STATE, "dynamodb:DeleteItem"), _PLACES, "keeps the queue for places"),
        Grant(("states:SendTaskSuccess",), ("*",), wakes),
    ]


def read_queue(arns: Arns) -> list[Grant]:
    """Reads the queue for places."""
    return [_shared_state(arns, _READ_STATE, _PLACES, "shows the position of a waiting run")]


def start_executions(arns: Arns) -> list[Grant]:
    """Starts executions of the state machine."""
    return [Grant(("states:StartExecution",), (arns.state_machine,), "starts the run")]


def describe_executions(arns: Arns) -> list[Grant]:
    """Reads the status of executions."""
    return [Grant(("states:DescribeExecution",), (arns.executions,), "asks whether the run is still in progress")]


def create_schedules(arns: Arns) -> list[Grant]:
    """Creates one-time schedules that release the throughput, in the deployment's schedule group."""
    return [
        Grant(
            ("scheduler:CreateSchedule", "scheduler:GetSchedule"),
            (arns.schedules,),
            "creates the schedule that releases the throughput",
        ),
        pass_role(
            arns.scheduler_role, "scheduler", "gives the schedule the role that may only call the release function"
        ),
    ]


def list_executions(arns: Arns) -> list[Grant]:
    """Lists the runs in progress."""
    return [Grant(("states:ListExecutions",), (arns.state_machine,), "asks whether any run is in progress")]


def update_schedules(arns: Arns) -> list[Grant]:
    """Postpones the release schedule of a run that keeps its throughput."""
    return [
        Grant(
            ("scheduler:UpdateSchedule",), (arns.schedules,), "moves the release schedule to the end of the retention"
        )
    ]


def delete_schedules(arns: Arns) -> list[Grant]:
    """Deletes the release schedules of runs whose throughput is gone."""
    return [
        Grant(
            ("scheduler:ListSchedules",),
            ("*",),
            "the sweep finds the release schedules that have not fired; AWS has no narrower resource",
        ),
        Grant(
            ("scheduler:GetSchedule", "scheduler:DeleteSchedule"),
            (arns.schedules,),
            "the sweep deletes a release schedule when the throughput is gone",
        ),
    ]


def publish_notifications(arns: Arns) -> list[Grant]:
    """Publishes to the topic, which is encrypted with the same key as the buckets."""
    return [
        Grant(("sns:Publish",), (arns.topic,), "notifies people of the result of the run"),
        use_key(arns, "sns", ("kms:GenerateDataKey", "kms:Decrypt"), "encrypts the notification"),
    ]


def publish_decisions(arns: Arns) -> list[Grant]:
    """Publishes the gate's decisions on the default event bus, with this project's source name."""
    return [
        Grant(
            ("events:PutEvents",),
            (arns.arn("events", "event-bus/default"),),
            "publishes the gate's decision for deployment pipelines",
            # A request can contain several events, so both condition keys are multivalued.
            {
                "ForAllValues:StringEquals": {
                    "events:source": GateEvent.SOURCE,
                    "events:detail-type": GateEvent.DETAIL_TYPE,
                }
            },
        )
    ]


def release_for_schedules(arns: Arns) -> list[Grant]:
    """All grants of the scheduler's role: invokes the release function."""
    return [Grant(("lambda:InvokeFunction",), (arns.function("release_throughput"),), "releases the throughput")]


def run_executions(arns: Arns, *steps: str) -> list[Grant]:
    """All grants of the state machine's role: invokes the functions of these steps and delivers its log."""
    return [
        Grant(
            ("lambda:InvokeFunction",),
            tuple(arns.versions(step) for step in steps),
            "calls the steps, in the version that the execution began with",
        ),
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
            "delivers the executions' log; AWS has no narrower resource for log deliveries",
        ),
        SAMPLED_TRACES,
    ]


def read_prices(arns: Arns) -> list[Grant]:
    """Reads AWS's public price list."""
    reason = "asks what AWS charges today; the price list is public, and AWS has no narrower resource for it"
    return [Grant(("pricing:GetProducts",), ("*",), reason)]
