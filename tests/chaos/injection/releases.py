"""Disables one of the five releases, to show what leaks without it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from tests.chaos.cases import states_of
from tests.chaos.observations import AFTER_A_FAILURE, IN_COURSE
from tests.chaos.workers.worker import Worker


@contextmanager
def release_disabled(worker: Worker, number: int) -> Iterator[None]:
    """Disables the release with this number for a while; 0 disables none."""
    match number:
        case 0:
            yield
        case 1:
            with _states_passed(worker, IN_COURSE):
                yield
        case 2:
            with _states_passed(worker, AFTER_A_FAILURE):
                yield
        case 3:
            with _rule_without_release(worker):
                yield
        case 4:
            with _schedules_denied(worker):
                yield
        case 5:
            with _sweep_disabled(worker):
                yield


@contextmanager
def _states_passed(worker: Worker, names: frozenset[str]) -> Iterator[None]:
    """Replaces these states by Pass states."""
    machines, arn = worker.pipeline.client("stepfunctions"), worker.pipeline.outputs["StateMachineArn"]
    before = machines.describe_state_machine(stateMachineArn=arn)["definition"]
    definition = json.loads(before)
    for name, state in states_of(definition).items():
        if name in names:
            replacement = {"Type": "Pass", "Output": {}, "Next": state["Next"]}
            state.clear()  # type: ignore[attr-defined]
            state.update(replacement)  # type: ignore[attr-defined]
    machines.update_state_machine(stateMachineArn=arn, definition=json.dumps(definition))
    try:
        yield
    finally:
        machines.update_state_machine(stateMachineArn=arn, definition=before)


@contextmanager
def _rule_without_release(worker: Worker) -> Iterator[None]:
    """Removes the release function from the rule on ended executions. The rule's other targets stay."""
    events, function = worker.pipeline.client("events"), worker.pipeline.outputs["ReleaseFunctionName"]
    on_ended_runs = [r["Name"] for r in events.list_rules()["Rules"] if "aws.states" in r.get("EventPattern", "")]
    rule, targets = next(
        (name, found)
        for name in on_ended_runs
        if (found := [t for t in events.list_targets_by_rule(Rule=name)["Targets"] if t["Arn"].endswith(function)])
    )
    events.remove_targets(Rule=rule, Ids=[target["Id"] for target in targets])
    try:
        yield
    finally:
        events.put_targets(Rule=rule, Targets=targets)


@contextmanager
def _schedules_denied(worker: Worker) -> Iterator[None]:
    """Removes the permissions of the schedules' role: schedules fire, but invoke nothing."""
    iam, functions = worker.pipeline.client("iam"), worker.pipeline.client("lambda")
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
def _sweep_disabled(worker: Worker) -> Iterator[None]:
    """Disables all scheduled rules."""
    events = worker.pipeline.client("events")
    rules = [rule["Name"] for rule in events.list_rules()["Rules"] if rule.get("ScheduleExpression")]
    for rule in rules:
        events.disable_rule(Name=rule)
    try:
        yield
    finally:
        for rule in rules:
            events.enable_rule(Name=rule)
