"""Runs the built state machine in moto's Step Functions interpreter, with scripted functions.

The local cloud has another interpreter, so every definition runs in two.

This module adds what moto lacks, and replaces what would take time:
- the JSONata evaluator jsonata-python instead of a Java library, and escaped strings in variables;
- waits and pauses before a retry are recorded instead of slept. Jitter is drawn as AWS describes it;
- the timeout and the crash of a function are raised at once, under the names that AWS gives them.

There are two differences from AWS. The interpreter does not reset the count of a retry entry when a loop enters a state
again. A Fail state refuses an error whose name begins with `States.`.
"""

from __future__ import annotations

import copy
import datetime as dt
import json
import logging
import random
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from types import SimpleNamespace
from typing import Any
from unittest import mock

import jsonata
from botocore.exceptions import ClientError
from moto.stepfunctions.parser.api import StateMachineType
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import EvalTimeoutError
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_lambda import (
    StateTaskServiceLambda,
)
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.eval import states, variable_store
from moto.stepfunctions.parser.asl.eval.callback.callback import CallbackOutcomeFailure, CallbackOutcomeSuccess
from moto.stepfunctions.parser.asl.jsonata import jsonata as evaluator
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.backend.execution import SyncExecution

from statemachine.definition import definition

_MARK = "\0"
_ARN = "arn:aws:states:us-east-1:123456789012:"
Payload = Mapping[str, Any]


class Fails(Exception):
    """A function fails with an error of this name, as Step Functions names it."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass
class Call:
    """A state invokes its function. `slept` are the seconds that the execution has paused for retries so far."""

    state: str
    function: str
    payload: Payload
    attempt: int
    slept: float
    stop: Callable[[], None]


Script = Callable[[Call], Any]
"""Returns the function's result, or raises Fails. For the approval: True, False, or None for no answer."""


@dataclass
class Ended:
    """How an execution ended, with its states in the order in which they were entered."""

    status: str
    error: str | None
    cause: str | None
    states: list[str]
    events: int
    calls: list[Call] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)

    def attempts(self, state: str) -> int:
        """How often a state invoked its function."""
        return sum(call.state == state for call in self.calls)


def execute(script: Script, stop_in_wait: str = "") -> Ended:
    """Runs the built definition to its end."""
    execution = _execution()
    ended = Ended("", None, None, [], 0)
    with _interpreter(execution, script, ended, stop_in_wait):
        execution.start()
    history = execution.to_history_output()["events"]
    ended.status = execution.exec_status.value if execution.exec_status else ""
    ended.error, ended.cause, ended.events = execution.error, execution.cause, len(history)
    ended.states = [details["name"] for event in history if (details := event.get("stateEnteredEventDetails"))]
    return ended


def _execution() -> SyncExecution:
    machine: Any = SimpleNamespace(
        arn=f"{_ARN}stateMachine:tuner", name="tuner", sm_type=StateMachineType.STANDARD, definition=_text()
    )
    return SyncExecution(
        name="run-1", sm_type=machine.sm_type, role_arn="arn:aws:iam::123456789012:role/tuner",
        exec_arn=f"{_ARN}execution:tuner:run-1", account_id="123456789012", region_name="us-east-1",
        state_machine=machine, start_date=dt.datetime(2026, 11, 23, tzinfo=dt.UTC), cloud_watch_logging_session=None,
        activity_store={}, input_data=json.dumps({"run_id": "run-1", "dataset": "faq", "inputs": []}),
    )  # fmt: skip


@contextmanager
def _interpreter(execution: SyncExecution, script: Script, ended: Ended, stop_in_wait: str) -> Iterator[None]:
    slept: list[float] = []
    counting = threading.Lock()

    def stop() -> None:
        execution.stop(dt.datetime.now(dt.UTC), "Stopped", "by a person")

    def call(self: Any, env: Any, normalised_parameters: dict[str, Any], **_: Any) -> None:
        payload, function = json.loads(normalised_parameters["Payload"]), normalised_parameters["FunctionName"]
        with counting:
            this = Call(self.name, function, payload, ended.attempts(self.name) + 1, sum(slept), stop)
            ended.calls.append(this)
        answer = _answer(script, this)
        waiting = payload.get("waiting", payload)
        if "task_token" in waiting:
            _answered(env, waiting["task_token"], answer)
        env.stack.append({"StatusCode": 200, "ExecutedVersion": "$LATEST", "Payload": answer})

    def wait(self: Any, env: Any, wait_seconds: float) -> None:
        ended.waited.append(wait_seconds)
        if stop_in_wait and env.states.context_object.context_object_data["State"]["Name"] == stop_in_wait:
            stop()

    program = _parsed()
    logging.disable(logging.CRITICAL)
    random.seed(1)
    with (
        mock.patch.object(StateTaskServiceLambda, "_eval_service_task", call),
        mock.patch.object(WaitFunction, "_wait_interval", wait),
        mock.patch.object(retrier_decl, "time", SimpleNamespace(sleep=slept.append)),
        mock.patch.object(AmazonStateLanguageParser, "parse", lambda _: program),
        mock.patch.object(evaluator, "_eval_jsonata", lambda expression: copy.deepcopy(_evaluated(expression))),
        mock.patch.object(states, "encode_jsonata_variable_declarations", _declarations),
        mock.patch.object(variable_store, "encode_jsonata_variable_declarations", _declarations),
    ):
        try:
            yield
        finally:
            logging.disable(logging.NOTSET)


def _answer(script: Script, call: Call) -> Any:
    try:
        return script(call)
    except Fails as failure:
        if failure.name == "States.Timeout":
            raise EvalTimeoutError from failure
        if failure.name.startswith("Lambda."):
            code = failure.name.removeprefix("Lambda.")
            details = {"HTTPStatusCode": 409, "RequestId": "r"}
            error: Any = {"Error": {"Code": code, "Message": "said by Lambda"}, "ResponseMetadata": details}
            raise ClientError(error, "Invoke") from failure
        cause = json.dumps({"errorType": failure.name, "errorMessage": 'said by the function: "no"'})
        raise lambda_eval_utils.LambdaFunctionErrorException("Unhandled", cause) from failure


def _answered(env: Any, token: str, approved: bool | None) -> None:
    """Gives the person's answer to the approval, unless it is None."""
    outcome = (
        CallbackOutcomeSuccess(callback_id=token, output="{}")
        if approved
        else CallbackOutcomeFailure(callback_id=token, error="ApprovalRejectedError", cause="too much")
    )
    if approved is not None:
        env.callback_pool_manager.notify(callback_id=token, outcome=outcome)


def _declarations(bindings: Mapping[str, Any]) -> str:
    """The values of variables as JSON between two marks, which JSON itself cannot contain."""
    return f"{_MARK}{json.dumps(bindings, default=str)}{_MARK}"


@cache
def _text() -> str:
    """The definition with the names of the functions instead of their ARNs."""
    return re.sub(r"\$\{(\w+)\}", r"\1", json.dumps(definition()))


@cache
def _parsed() -> Any:
    return AmazonStateLanguageParser.parse(_text())


@cache
def _evaluated(expression: str) -> Any:
    """The value of an expression with the values of its variables in it.

    The values differ from run to run and the expressions do not: an expression is parsed once.
    """
    parts = expression.split(_MARK)
    bindings: dict[str, Any] = {}
    for values in parts[1::2]:
        bindings |= {name.removeprefix("$"): _with_nulls(value) for name, value in json.loads(values).items()}
    evaluation = copy.copy(_compiled("".join(parts[::2])))
    evaluation.environment = evaluation.create_frame(jsonata.Jsonata.static_frame)
    jsonata.Jsonata.CURRENT.jsonata = evaluation  # functions of the language find it there
    return evaluation.evaluate(None, bindings)


@cache
def _compiled(text: str) -> Any:
    return jsonata.Jsonata(text)


def _with_nulls(value: Any) -> Any:
    """The evaluator takes None for a value that does not exist."""
    if isinstance(value, dict):
        return {name: _with_nulls(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [_with_nulls(entry) for entry in value]
    return jsonata.Utils.NULL_VALUE if value is None else value
