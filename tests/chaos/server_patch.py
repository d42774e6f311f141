"""Inside the local cloud's server: what happens to a function or a wait at the places that plans name.

`LOCAL_CLOUD_OVERLAYS=tests.chaos.server_patch` installs it. A place is a state of the state machine by its name, or a
function called by an event ("release_throughput by the rule"). Plans are read anew at every place, and each is played
once; everything that is invoked goes into the journal.
"""

from __future__ import annotations

import contextvars
import itertools
import json
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from ministack.services import lambda_svc, stepfunctions

from local.bedrock.instance import instance
from local.folder import CloudFolder
from local.patches.lambda_functions.function_states import INITIALIZING
from tests.chaos.plan import Journal, Plan, Plans

_FOLDER = CloudFolder.default().root
_HELD_SECONDS = 0.02
# So many reads miss what Bedrock makes after the fault.
_STALE_READS = 2
_state: ContextVar[tuple[str, str] | None] = ContextVar("execution and state of the running task", default=None)
_trace: ContextVar[list[str] | None] = ContextVar("trace id of the running invocation", default=None)
_numbers = itertools.count(1)
_played: Counter[int] = Counter()
_lock = threading.Lock()
journal, plans = Journal(_FOLDER), Plans(_FOLDER)


def install() -> None:
    """Stand in front of tasks, waits and functions."""
    stepfunctions._execute_task = _task(stepfunctions._execute_task)
    stepfunctions._execute_wait = _wait(stepfunctions._execute_wait)
    lambda_svc._execute_function_dispatch = _function(lambda_svc._execute_function_dispatch)
    lambda_svc._xray_trace_id_for_invocation = _traced(lambda_svc._xray_trace_id_for_invocation)


def _task(original: Callable[..., Any]) -> Callable[..., Any]:
    def execute(state: Any, raw_input: Any, execution: Any, context: Any) -> Any:
        token = _state.set((context["Execution"]["Name"], context["State"]["Name"]))
        try:
            return original(state, raw_input, execution, context)
        finally:
            _state.reset(token)

    return execute


def _wait(original: Callable[..., Any]) -> Callable[..., Any]:
    def wait(state: Any, raw_input: Any, context: Any = None) -> Any:
        place = context["State"]["Name"]
        journal.write("waits", place=place, execution=context["Execution"]["Name"])
        plan = _plan(place)
        if plan and plan.act == "hold before":
            _hold(plan)
        result = original(state, raw_input, context)
        if plan and plan.act == "hold after":
            _hold(plan)
        return result

    return wait


def _function(original: Callable[..., Any]) -> Callable[..., Any]:
    def dispatch(function: Any, config: Any, event: Any, *rest: Any) -> dict[str, Any]:
        name = config["Environment"]["Variables"].get("POWERTOOLS_SERVICE_NAME", config["FunctionName"])
        execution, place = _state.get() or ("", place_of(name, event))
        number, trace = next(_numbers), [""]
        token = _trace.set(trace)
        journal.write("invoked", number=number, place=place, function=name, execution=execution, event=event)
        result: dict[str, Any] = {}
        try:
            result = _play(_plan(place), lambda: original(function, config, event, *rest))
        finally:
            _trace.reset(token)
            said = {"error" if result.get("error") else "result": result.get("body")}
            journal.write("returned", number=number, trace=(trace[0] or "").partition(";")[0], **said)
        return result

    return dispatch


def _traced(original: Callable[..., Any]) -> Callable[..., Any]:
    def trace_id(*arguments: Any) -> Any:
        made, kept = original(*arguments), _trace.get()
        if kept is not None:
            kept[0] = made
        return made

    return trace_id


def place_of(function: str, event: Any) -> str:
    """Where a function is called that no state calls."""
    if "sweep" in event:
        return f"{function} by the sweep"
    if event.get("source") == "aws.s3":
        return f"{function} by the arrival"
    if "dataset" in event:
        return f"{function} by a person"
    return f"{function} by the rule" if "detail" in event else f"{function} by the switch"


def _plan(place: str) -> Plan | None:
    """The plan for this place, if it has one that was not played to its end."""
    with _lock:
        plan = next((p for p in plans.read() if p.place == place and _played[p.number] < p.times), None)
        if plan:
            _played[plan.number] += 1
            journal.write("plays", number=plan.number, place=place)
        return plan


def _play(plan: Plan | None, run: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    match plan and plan.act:
        case "rules":
            _add_rules(plan)
        case "stale reads":
            state = instance().state
            state.settings = state.settings.model_copy(update={"stale_reads": _STALE_READS})
        case "cold":
            return INITIALIZING.result()
        case "throttled":
            return lambda_svc._throttle_response("ConcurrentInvocationLimitExceeded", "Injected: Rate exceeded")
        case "crash before":
            return _CRASHED
        case "crash after":
            run()
            return _CRASHED
        case "out of time":
            run()
            return _OUT_OF_TIME
        case "twice":
            other = threading.Thread(target=contextvars.copy_context().run, args=(run,))
            other.start()
            try:
                return run()
            finally:
                other.join()
        case "hold before":
            _hold(plan)
        case "hold after":
            result = run()
            _hold(plan)
            return result
    return run()


def _add_rules(plan: Plan) -> None:
    body = json.dumps(plan.rules).encode()
    request = urllib.request.Request(f"{plan.proxy}/_microburst/rules", data=body, method="PATCH")
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status == 200


def _hold(plan: Plan) -> None:
    """Waits until the plan is taken away."""
    journal.write("held", number=plan.number, place=plan.place)
    while plan in plans.read():
        time.sleep(_HELD_SECONDS)


def _failed(kind: str, message: str) -> dict[str, Any]:
    return {"error": True, "body": {"errorType": kind, "errorMessage": message}, "log": ""}


# https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html names both.
_CRASHED = _failed("Lambda.Unknown", "Injected: Runtime exited with error: signal: killed")
_OUT_OF_TIME = _failed("Sandbox.Timedout", "Injected: Task timed out")
