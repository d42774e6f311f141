"""Services invoke functions with their roles and with the functions' resource policies."""

import datetime
import json
import uuid

import pytest

from tests.e2e.local.conftest import Role, eventually

pytestmark = pytest.mark.e2e


def test_a_state_machine_calls_functions_as_its_role(session, function):
    as_role = Role(session, "states.amazonaws.com")
    catch = {"ErrorEquals": ["OutOfLuckError"], "Next": "Unlucky"}
    call = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True, "Catch": [catch]}
    call["Arguments"] = {"FunctionName": function, "Payload": "{% $states.input %}"}
    states = {"Call": call, "Unlucky": {"Type": "Pass", "Output": "caught", "End": True}}
    definition = json.dumps({"QueryLanguage": "JSONata", "StartAt": "Call", "States": states})
    client = session.client("stepfunctions")
    machine = client.create_state_machine(name=as_role.name, definition=definition, roleArn=as_role.arn)[
        "stateMachineArn"
    ]

    def run(given):
        execution = client.start_execution(stateMachineArn=machine, input=json.dumps(given))["executionArn"]
        return eventually(lambda: _ended(client.describe_execution(executionArn=execution)))

    denied = run({})
    assert denied["error"] == "Lambda.AWSLambdaException"
    assert f"not authorized to perform: lambda:InvokeFunction on resource: {function}" in denied["cause"]
    as_role.grant({"Action": "lambda:InvokeFunction", "Resource": function})
    assert run({})["status"] == "SUCCEEDED"
    assert json.loads(run({"fail": True})["output"]) == "caught"


def _ended(execution):
    return execution if execution["status"] != "RUNNING" else None


def test_a_rule_invokes_a_function_only_with_the_functions_policy(session, folder, function):
    events, name = session.client("events"), f"rule-{uuid.uuid4().hex[:8]}"
    rule = events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))["RuleArn"]
    events.put_targets(Rule=name, Targets=[{"Id": "function", "Arn": function}])
    event = {"Source": name, "DetailType": "test", "Detail": "{}"}
    events.put_events(Entries=[event])
    eventually(lambda: f"{rule} is not delivered to {function}" in folder.server_log.read_text() or None)
    assert _calls(session, function) == 0
    admit = {"Principal": "events.amazonaws.com", "SourceArn": rule, "Action": "lambda:InvokeFunction"}
    session.client("lambda").add_permission(FunctionName=function, StatementId="rule", **admit)
    events.put_events(Entries=[event])
    eventually(lambda: _calls(session, function) or None)


def test_a_schedule_invokes_a_function_only_with_its_role(session, folder, function):
    for_scheduler = Role(session, "scheduler.amazonaws.com")

    def fire(name):
        soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=1)
        return session.client("scheduler").create_schedule(
            Name=f"{name}-{for_scheduler.name}",
            ScheduleExpression=f"at({soon:%Y-%m-%dT%H:%M:%S})",
            FlexibleTimeWindow={"Mode": "OFF"},
            ActionAfterCompletion="DELETE",
            Target={"Arn": function, "RoleArn": for_scheduler.arn},
        )["ScheduleArn"]

    dropped = fire("dropped")
    eventually(lambda: f"{dropped} is not delivered to {function}" in folder.server_log.read_text() or None)
    assert _calls(session, function) == 0
    for_scheduler.grant({"Action": "lambda:InvokeFunction", "Resource": function})
    fire("delivered")
    eventually(lambda: _calls(session, function) or None)


def _calls(session, function):
    """The number of invocations in the log of a function."""
    logs = session.client("logs")
    try:
        found = logs.filter_log_events(logGroupName=f"/aws/lambda/{function.rsplit(':', 1)[-1]}")["events"]
    except logs.exceptions.ResourceNotFoundException:
        return 0
    return sum(event["message"].startswith("REPORT") for event in found)
