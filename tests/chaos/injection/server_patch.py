"""A patch of the local cloud's server that injects faults into functions and waits, at the places that plans name.

`LOCAL_CLOUD_OVERLAYS=tests.chaos.injection.server_patch` installs it. A place is the name of a state, or a function
with the event that invokes it ("release_throughput by the rule"). Plans are read again at every place, and each happens
as many times as it says. All invocations are written to the journal.
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
from local.bedrock.protocol.service import Service
from local.folder import CloudFolder
from local.patches.lambda_functions.function_states import INITIALIZING
from tests.chaos.injection.plan import STALE_READS, Journal, Plan, Plans

_FOLDER = CloudFolder.default().root
_POLL_SECONDS = 0.02
_PURCHASE = ("POST", "/provisioned-model-throughput")
_state: ContextVar[tuple[str, str] | None] = ContextVar("execution and state of the running task", default=None)
_traces: ContextVar[list[str] | None] = ContextVar("trace ids of the running invocation", default=None)
_numbers = itertools.count(1)
_injected: Counter[int] = Counter()
_lock = threading.Lock()
# Plans of "hold during" whose functions have begun.
_during: list[Plan] = []
journal, plans = Journal(_FOLDER), Plans(_FOLDER)


def install() -> None:
    """Wrap MiniStack's execution of tasks, waits and functions, whose signatures are its own, and Bedrock's answers."""
    Service.answer = _holding_purchases(Service.answer)  # type: ignore[method-assign]
    stepfunctions._execute_task = _remembering_state(stepfunctions._execute_task)
    stepfunctions._execute_wait = _holding_waits(stepfunctions._execute_wait)
    lambda_svc._execute_function_dispatch = _injecting_faults(lambda_svc._execute_function_dispatch)
    lambda_svc._xray_trace_id_for_invocation = _remembering_trace(lambda_svc._xray_trace_id_for_invocation)


def _remembering_state(original: Callable[..., Any]) -> Callable[..., Any]:
    def execute(state: Any, raw_input: Any, execution: Any, context: Any) -> Any:
        token = _state.set((context["Execution"]["Name"], context["State"]["Name"]))
        try:
            return original(state, raw_input, execution, context)
        finally:
            _state.reset(token)

    return execute


def _holding_waits(original: Callable[..., Any]) -> Callable[..., Any]:
    def wait(state: Any, raw_input: Any, context: Any = None) -> Any:
        place = context["State"]["Name"]
        journal.write("waits", place=place, execution=context["Execution"]["Name"])
        plan = _next_plan(place)
        if plan and plan.action == "hold before":
            _hold(plan)
        result = original(state, raw_input, context)
        if plan and plan.action == "hold after":
            _hold(plan)
        return result

    return wait


def _holding_purchases(original: Callable[..., Any]) -> Callable[..., Any]:
    """A request for a throughput is held before Bedrock sees it. The SDK sends it again when it gets no answer."""

    def answer(self: Any, method: str, path: str, *request: Any) -> Any:
        for plan in _during:
            if (method, path) == _PURCHASE and plan in plans.read():
                _hold(plan)
        return original(self, method, path, *request)

    return answer


def _injecting_faults(original: Callable[..., Any]) -> Callable[..., Any]:
    def dispatch(function: Any, config: Any, event: Any, *rest: Any) -> dict[str, Any]:
        name = config["Environment"]["Variables"].get("POWERTOOLS_SERVICE_NAME", config["FunctionName"])
        execution, place = _state.get() or ("", place_of(name, event))
        number, traces = next(_numbers), list[str]()  # several of a function that is invoked twice at once
        token = _traces.set(traces)
        journal.write("invoked", number=number, place=place, function=name, execution=execution, event=event)
        result: dict[str, Any] = {}
        try:
            result = _inject(_next_plan(place), lambda: original(function, config, event, *rest))
        finally:
            _traces.reset(token)
            outcome = {"error" if result.get("error") else "result": result.get("body")}
            roots = [trace.partition(";")[0] for trace in traces if trace]
            journal.write("returned", number=number, traces=roots, **outcome)
        return result

    return dispatch


def _remembering_trace(original: Callable[..., Any]) -> Callable[..., Any]:
    """The proxy sees the trace id in a header of each call. So it links calls to invocations."""

    def trace_id(*arguments: Any) -> Any:
        created, kept = original(*arguments), _traces.get()
        if kept is not None:
            kept.append(created)
        return created

    return trace_id


def place_of(function: str, event: Any) -> str:
    """The place of a function that no state invokes: its name, and who invoked it.

    Kept results contain these names, so "by the switch" still stands for the release schedule.
    """
    if "sweep" in event:
        return f"{function} by the sweep"
    if "Records" in event:
        return f"{function} by the arrival"
    if "dataset" in event:
        return f"{function} by a person"
    return f"{function} by the rule" if "detail" in event else f"{function} by the switch"


def _next_plan(place: str) -> Plan | None:
    """The plan for a place, if it has one that has not happened often enough yet."""
    with _lock:
        plan = next((p for p in plans.read() if p.place == place and _injected[p.number] < p.times), None)
        if plan:
            _injected[plan.number] += 1
            journal.write("injected", number=plan.number, place=place)
        return plan


def _inject(plan: Plan | None, run: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    if plan is None:
        return run()
    match plan.action:
        case "rules":
            _add_rules(plan)
        case "stale reads":
            state = instance().state
            state.settings = state.settings.model_copy(update={"stale_reads": STALE_READS})
        case "cold":
            return INITIALIZING.result()
        case "throttled":
            throttled: dict[str, Any] = lambda_svc._throttle_response(
                "ConcurrentInvocationLimitExceeded", "Injected: Rate exceeded"
            )
            return throttled
        case "crash before":
            return _CRASHED
        case "crash after":
            run()
            return _CRASHED
        case "out of time":
            run()
            return _TIMED_OUT
        case "twice":
            other = threading.Thread(target=contextvars.copy_context().run, args=(run,))
            other.start()
            try:
                return run()
            finally:
                other.join()
        case "hold before":
            _hold(plan)
        case "hold during":
            _during.append(plan)
        case "hold after":
            result = run()
            _hold(plan)
            return result
        case "another turn":
            return _unfinished(run())
    return run()


def _unfinished(result: dict[str, Any]) -> dict[str, Any]:
    """The result of a generation, as if it were not done: the state machine invokes the function once more."""
    body = result.get("body")
    if result.get("error") or body is None:
        return result
    document = json.loads(body) if isinstance(body, str | bytes) else body
    return result | {"body": document | {"done": False}}


def _add_rules(plan: Plan) -> None:
    body = json.dumps(plan.rules).encode()
    request = urllib.request.Request(f"{plan.proxy}/_microburst/rules", data=body, method="PATCH")
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status == 200


def _hold(plan: Plan) -> None:
    """Wait until the plan is removed."""
    journal.write("held", number=plan.number, place=plan.place)
    while plan in plans.read():
        time.sleep(_POLL_SECONDS)


def _failed(kind: str, message: str) -> dict[str, Any]:
    return {"error": True, "body": {"errorType": kind, "errorMessage": message}, "log": ""}


# Both error names are in https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html
_CRASHED = _failed("Lambda.Unknown", "Injected: Runtime exited with error: signal: killed")
_TIMED_OUT = _failed("Sandbox.Timedout", "Injected: Task timed out")
