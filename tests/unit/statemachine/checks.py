"""The rules for the definition. Each check raises an AssertionError that names the state."""

from __future__ import annotations

import copy
import importlib
import inspect
import re
import typing
from collections.abc import Iterator

import jsonata
from jsonata.jexception import JException
from pydantic import BaseModel

from lambdas.write_report import Caught
from stacks import state_machine_definition
from stacks.function_table import STEPS
from tests.unit.statemachine.machine import Machine, State, expressions, variables, waits_for_a_token
from tests.unit.statemachine.retry_checks import least_seconds

ENDS = {"Succeed", "Fail"}


def every_state_is_commented_and_named_as_a_sentence(machine: Machine) -> None:
    for name, state, _ in machine.every_state():
        assert len(state.get("Comment", "")) > 15, name
        assert " " in name and name[0].isupper() and not name.endswith("."), name
        assert name.endswith("?") is (state["Type"] == "Choice"), name


def every_target_exists_and_every_state_is_reached(machine: Machine) -> None:
    for part in (machine, *(inside for _, inside in machine.insides())):
        targets = {edge.target for edge in part.edges()} | {part.start}
        assert targets <= set(part.states), targets - set(part.states)
        assert part.reached_from(part.start) == set(part.states)


def every_choice_has_a_default(machine: Machine) -> None:
    for name, state, _ in machine.every_state():
        assert state["Type"] != "Choice" or "Default" in state, name


def every_failure_is_caught(machine: Machine) -> None:
    """A Map's Catch is that of the tasks inside it: there, a Catch would hide a failure from the Map."""
    for name, state, inside in machine.every_state():
        if inside:
            assert "Catch" not in state, name
        elif state["Type"] in ("Task", "Map"):
            caught = [entry["ErrorEquals"] for entry in state["Catch"]]
            assert caught == ([["States.Timeout"]] if waits_for_a_token(state) else []) + [["States.ALL"]], name


def approvals_are_requested_with_a_time_limit(machine: Machine) -> None:
    """The function is handed the token and knows when it expires; nobody's answer ends the run, and is no retry."""
    asking = [
        (name, state)
        for name, state, _ in machine.every_state()
        if waits_for_a_token(state) and state["Arguments"]["FunctionName"] == "${RequestApproval}"
    ]
    assert len(asking) == 2
    for name, state in asking:
        payload = state["Arguments"]["Payload"]
        assert payload["task_token"] == "{% $states.context.Task.Token %}", name
        assert state.get("TimeoutSeconds") == payload["seconds"] == "{% $estimate.approval_seconds %}", name
        assert not [entry for entry in state["Retry"] if "States.Timeout" in entry["ErrorEquals"]], name
        assert state["Catch"][0]["Assign"]["failure"]["error"] == "ApprovalExpiredError", name
    before = machine.reached_from(machine.start, stop_at=frozenset({"Is the model to be served?"}))
    assert {name for name, _ in asking} <= before, "asked before anything is spent on training or serving"


def nothing_is_paid_for_before_its_cost_is_decided(machine: Machine) -> None:
    """Generating comes after the estimate that holds it, and everything else after the estimate of all."""
    for decided, paid in (
        ("Is the cost with the generation within the budget?", "Generate validation data"),
        ("Is the cost within the budget?", "Is the model to be served?"),
    ):
        without = machine.reached_from(machine.start, stop_at=frozenset({decided}))
        assert paid not in without, f"{paid} can be reached without {decided}"


def a_run_waits_for_its_places_before_it_needs_them(machine: Machine) -> None:
    """The first state waits for the preparation, and nothing is paid before the training place."""
    pools = _pools(machine, "waiting")
    assert pools.get(machine.start) == "preparation"
    training = frozenset(name for name, pool in pools.items() if pool == "training")
    before = machine.reached_from(machine.start, stop_at=training)
    assert not before & {"Answer with the base model", "Start the customization"}, before
    for name in pools:
        assert not [entry for entry in machine.states[name]["Retry"] if "States.Timeout" in entry["ErrorEquals"]], name


def a_run_without_a_place_only_asks_or_ends(machine: Machine) -> None:
    """Until it has waited for another place."""
    waits = frozenset(_pools(machine, "waiting"))
    without_place = frozenset().union(
        *map(machine.calling, ("AssignPlaces", "RequestApproval", "WriteReport", "Notify"))
    )
    for name in _pools(machine, "leaving"):
        reached = machine.reached_from(name, stop_at=waits)
        working = {state for state in reached if machine.states[state]["Type"] in ("Task", "Map")} - without_place
        assert not working, f"without a place after {name}: {working}"


def _pools(machine: Machine, change: str) -> dict[str, str]:
    """The states that wait for a place ("waiting") or free one ("leaving"), with the pool."""
    return {
        name: machine.states[name]["Arguments"]["Payload"][change]["pool"]
        for name in machine.calling("AssignPlaces")
        if change in machine.states[name]["Arguments"]["Payload"]
    }


def every_path_from_a_purchase_is_released(machine: Machine) -> None:
    """Or, where the run asks for it, kept with the switch armed anew."""
    for keeps in (False, True):
        world = machine.assuming(_TO_BE_KEPT, keeps)
        releases = world.calling("ReleaseThroughput")
        settled = releases | (world.calling("KeepThroughput") if keeps else frozenset())
        reached = world.reached_from(_hourly(world), stop_at=settled)
        ends = {name for name in reached if world.states[name]["Type"] in ENDS}
        assert not ends, ends
        assert reached & releases


def every_failure_is_released_once_anything_is_paid_for(machine: Machine) -> None:
    """From the training on: its job is stopped by the release too. Also behind the first release: the run may have
    asked to keep its throughput."""
    reported = machine.reached_from("Report the failure")
    for name in machine.reached_from("Start the customization") - reported:
        for catch in machine.states[name].get("Catch", ()):
            expected = "Report the failure" if name == "Release after a failure" else "Release after a failure"
            assert catch["Next"] == expected, name


def only_an_accepted_model_stays_paid_for(machine: Machine) -> None:
    """Kept where the gate accepted it or there is none; for a term only where a gate accepted it."""
    ways = {
        (choice["Next"], choice["Condition"])
        for state in machine.states.values()
        for choice in state.get("Choices", ())
        if choice["Next"] in machine.calling("KeepThroughput") | _committed(machine)
    }
    assert ways == {
        ("Keep the throughput", "{% $keep_hours > 0 and $gate in ['accepted', 'none'] %}"),
        ("Purchase the commitment", "{% $commitment != null and $gate = 'accepted' %}"),
    }
    others = {edge.target for edge in machine.edges() if machine.states[edge.source]["Type"] != "Choice"}
    others |= {state["Default"] for state in machine.states.values() if "Default" in state}
    assert not others & (machine.calling("KeepThroughput") | _committed(machine))


_TO_BE_KEPT = "{% $keep_hours > 0 %}"


def _committed(machine: Machine) -> frozenset[str]:
    """The states that buy a term."""
    return frozenset(
        name
        for name in machine.calling("PurchaseThroughput")
        if machine.states[name]["Arguments"]["Payload"].get("committed")
    )


def _hourly(machine: Machine) -> str:
    """The state that buys what the run is evaluated with."""
    (name,) = machine.calling("PurchaseThroughput") - _committed(machine)
    return name


def a_failed_release_is_repeated_in_another_state(machine: Machine) -> None:
    releases = machine.calling("ReleaseThroughput")
    caught = {edge.source: edge.target for edge in machine.edges() if edge.source in releases and edge.is_catch}
    assert {source for source, target in caught.items() if target not in releases} == {"Release after a failure"}
    for name in releases:
        (entry,) = [one for one in machine.states[name]["Retry"] if "StillAliveError" in one["ErrorEquals"]]
        assert least_seconds(entry) >= 30 * 60, name


def the_release_schedule_precedes_every_purchase(machine: Machine) -> None:
    unarmed = machine.reached_from(machine.start, stop_at=machine.calling("ArmRelease"))
    assert not unarmed & machine.calling("PurchaseThroughput")


def only_answers_are_collected_while_throughput_is_paid_for(machine: Machine) -> None:
    """Between the purchase and the release nothing runs but waiting, looking, and the tuned model's answers.

    A run that may keep its throughput pays on while it is scored: it asked for that. So does a run that may stop early:
    it looks at its scores to ask fewer questions.
    """
    world = machine.assuming(_TO_BE_KEPT, False)
    releases, purchase = world.calling("ReleaseThroughput"), _hourly(world)
    paid = world.reached_from(purchase, stop_at=releases) - releases - {purchase}
    maps = {name for name in paid if world.states[name]["Type"] == "Map"}
    assert maps == {"Answer with the tuned model"}
    batches = {"Ask a batch of the questions", "Look at the scores"}
    tasks = {name for name in paid - maps if world.states[name]["Type"] == "Task"}
    assert tasks == machine.calling("CheckThroughput") | batches


def every_variable_is_assigned_on_every_path(machine: Machine) -> None:
    """A variable that is read before it is assigned ends the execution with States.QueryEvaluationError."""
    everything = {name for edge in machine.edges() for name in edge.assigned}
    known = dict.fromkeys(machine.states, frozenset(everything)) | {machine.start: frozenset[str]()}
    changed = True
    while changed:
        changed = False
        for edge in machine.edges():
            arriving = known[edge.target] & (known[edge.source] | edge.assigned)
            if arriving != known[edge.target]:
                known[edge.target], changed = arriving, True
    for name, state in machine.states.items():
        outside = {key: value for key, value in state.items() if key != "ItemProcessor"}
        assert variables(outside) <= known[name], f"{name}: {variables(outside) - known[name]}"


def every_variable_is_used(machine: Machine) -> None:
    assigned = {name for edge in machine.edges() for name in edge.assigned}
    read = {name for _, state, _ in machine.every_state() for name in variables(state)}
    assert assigned == read, assigned ^ read


def every_expression_is_jsonata(machine: Machine) -> None:
    found = expressions(machine.definition)
    assert len(found) > 20
    for expression in found:
        try:
            jsonata.Jsonata(expression)
        except JException as error:
            raise AssertionError(f"{expression}: {error}") from error


def every_placeholder_is_a_function_that_a_state_calls(machine: Machine) -> None:
    asked = [state["Arguments"]["FunctionName"] for _, state, _ in machine.every_state() if state["Type"] == "Task"]
    assert all(
        state["Resource"].removesuffix(".waitForTaskToken") == "arn:aws:states:::lambda:invoke"
        for _, state, _ in machine.every_state()
        if state["Type"] == "Task"
    )
    assert {name.strip("${}") for name in asked} == set(state_machine_definition.called())
    only_by_events = {step.name for step in STEPS} - set(state_machine_definition.called().values())
    assert only_by_events == {"start_run", "close_run"}


def every_payload_matches_its_function(machine: Machine) -> None:
    """Names of the payload's members against the model of the function's event; what is computed is left out."""
    for selected, name, state in _tasks(machine):
        payload = state["Arguments"]["Payload"]
        given = (
            set(selected) if payload == "{% $states.input %}" else set(payload) if isinstance(payload, dict) else None
        )
        if given is not None:
            function = state_machine_definition.called()[state["Arguments"]["FunctionName"].strip("${}")]
            fields = _event_of(function).model_fields
            assert given <= set(fields), f"{name}: {given - set(fields)}"
            assert {key for key, field in fields.items() if field.is_required()} <= given, name


def _tasks(machine: Machine) -> Iterator[tuple[dict[str, object], str, State]]:
    """Every task, and what the Map around it selects for it."""
    for name, state in machine.states.items():
        if state["Type"] == "Task":
            yield {}, name, state
    for name, inside in machine.insides():
        for task, state in inside.states.items():
            yield machine.states[name]["ItemSelector"], task, state


def _event_of(step: str) -> type[BaseModel]:
    handler = inspect.unwrap(importlib.import_module(f"lambdas.{step}").handler)
    model: type[BaseModel] = typing.get_type_hints(handler)["event"]
    return model


def every_task_outlasts_its_function(machine: Machine) -> None:
    """Else the state machine gives up, and asks again, while the function still works."""
    minutes = {state_machine_definition.placeholder(step.name): step.minutes for step in STEPS}
    for name, state, _ in machine.every_state():
        if state["Type"] == "Task" and not waits_for_a_token(state):
            function = state["Arguments"]["FunctionName"].strip("${}")
            assert minutes[function] * 60 < state["TimeoutSeconds"] <= minutes[function] * 60 + 60, name


def the_definition_has_a_time_limit_and_uses_jsonata(machine: Machine) -> None:
    """Of a year at most: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""
    assert machine.definition["QueryLanguage"] == "JSONata"
    assert 86_400 <= machine.definition["TimeoutSeconds"] <= 31_536_000


_TURNS = re.compile(r"^\{% \$turns >= \d+ %\}$")


def every_loop_ends(machine: Machine) -> None:
    """Whatever the functions answer: a Choice counts its turns, and without its ways back nothing goes round."""
    open_ended = Machine(copy.deepcopy(machine.definition))
    counting = {
        name
        for name, state in machine.states.items()
        if any(_TURNS.match(choice["Condition"]) for choice in state.get("Choices", ()))
    }
    for name in counting:
        # The first condition that holds is taken, so those after the number of turns end with it too.
        choices = open_ended.states[name]["Choices"]
        del open_ended.states[name]["Default"]
        del choices[1 + next(at for at, choice in enumerate(choices) if _TURNS.match(choice["Condition"])) :]
    for name, state in open_ended.states.items():
        ways = {edge.target for edge in open_ended.edges() if edge.source == name}
        assert all(name not in open_ended.reached_from(way) for way in ways), f"{name} is in a loop without an end"
        if name in counting:
            _turns_are_counted(machine, name)
        given = state.get("Assign", {}).get("turns", 0)
        assert given in (0, "{% $turns + 1 %}"), name


def _turns_are_counted(machine: Machine, choice: str) -> None:
    """From 0 before the loop, and one more in it: going back from the Choice, its task comes first, then a 0."""
    inside = machine.reached_from(machine.states[choice]["Default"])
    inside = {name for name in inside if choice in machine.reached_from(name)}
    adding = {name for name in inside if machine.states[name].get("Assign", {}).get("turns") == "{% $turns + 1 %}"}
    assert len(adding) == 1, choice
    assert all(machine.states[name].get("Assign", {}).get("turns") != 0 for name in inside), f"{choice} begins again"
    before = {edge.source for edge in machine.edges() if edge.target in inside and edge.source not in inside}
    while before:
        name = before.pop()
        given = machine.states[name].get("Assign", {})
        assert given.get("turns", 0) == 0, f"{choice} does not begin with 0 behind {name}"
        if "turns" not in given:
            before |= {edge.source for edge in machine.edges() if edge.target == name}


def a_failed_run_says_why(machine: Machine) -> None:
    (end,) = [state for state in machine.states.values() if state["Type"] == "Fail"]
    assert (end["Error"], end["Cause"]) == ("{% $failure.error %}", "{% $failure.cause %}")
    for edge in machine.edges():
        if edge.target == "Report the failure" and edge.is_catch:
            assert "failure" in edge.assigned, edge.source
    for name, state in machine.states.items():
        for entry in (state, *state.get("Catch", ())):
            handed_on = entry.get("Assign", {}).get("failure", {})
            assert isinstance(handed_on, str) or set(handed_on) <= set(Caught.model_fields), name
