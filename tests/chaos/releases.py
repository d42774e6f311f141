"""Switching off one of the five releases, to see what leaks without it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.chaos.cases import states_of
from tests.chaos.observations import AFTER_A_FAILURE, IN_COURSE
from tests.chaos.worker import Worker


@contextmanager
def without(lane: Worker, number: int) -> Iterator[None]:
    """The deployment lacks this release; 0 leaves it whole."""
    match number:
        case 0:
            yield
        case 1:
            with _passed_over(lane, IN_COURSE):
                yield
        case 2:
            with _passed_over(lane, AFTER_A_FAILURE):
                yield
        case 3:
            with _rule_without_the_release(lane):
                yield
        case 4:
            with _nobody_is_admitted(lane):
                yield
        case 5:
            with _sweep_disabled(lane):
                yield


@contextmanager
def _passed_over(lane: Worker, names: frozenset[str]) -> Iterator[None]:
    """These states do nothing and go on to the next."""
    machines, arn = lane.pipeline.client("stepfunctions"), lane.pipeline.outputs["StateMachineArn"]
    before = machines.describe_state_machine(stateMachineArn=arn)["definition"]
    definition = json.loads(before)
    for name, state in states_of(definition).items():
        if name in names:
            passing = {"Type": "Pass", "Output": {}, "Next": state["Next"]}
            state.clear()  # type: ignore[attr-defined]
            state.update(passing)  # type: ignore[attr-defined]
    machines.update_state_machine(stateMachineArn=arn, definition=json.dumps(definition))
    try:
        yield
    finally:
        machines.update_state_machine(stateMachineArn=arn, definition=before)


@contextmanager
def _rule_without_the_release(lane: Worker) -> Iterator[None]:
    events, function = lane.pipeline.client("events"), lane.pipeline.outputs["ReleaseFunctionName"]
    rule = next(r["Name"] for r in events.list_rules()["Rules"] if "aws.states" in r.get("EventPattern", ""))
    targets: list[dict[str, Any]] = [
        target for target in events.list_targets_by_rule(Rule=rule)["Targets"] if target["Arn"].endswith(function)
    ]
    events.remove_targets(Rule=rule, Ids=[target["Id"] for target in targets])
    try:
        yield
    finally:
        events.put_targets(Rule=rule, Targets=targets)


@contextmanager
def _nobody_is_admitted(lane: Worker) -> Iterator[None]:
    """The schedules' role may invoke nothing: they fire, and nothing happens."""
    iam, functions = lane.pipeline.client("iam"), lane.pipeline.client("lambda")
    role = next(
        role.rsplit("/", 1)[-1]
        for function in functions.list_functions()["Functions"]
        if (role := function["Environment"]["Variables"].get("SCHEDULER_ROLE_ARN"))
    )
    before = {
        name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
    }
    for name in before:
        iam.delete_role_policy(RoleName=role, PolicyName=name)
    try:
        yield
    finally:
        for name, document in before.items():
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))


@contextmanager
def _sweep_disabled(lane: Worker) -> Iterator[None]:
    events = lane.pipeline.client("events")
    rules = [rule["Name"] for rule in events.list_rules()["Rules"] if rule.get("ScheduleExpression")]
    for rule in rules:
        events.disable_rule(Name=rule)
    try:
        yield
    finally:
        for rule in rules:
            events.enable_rule(Name=rule)
