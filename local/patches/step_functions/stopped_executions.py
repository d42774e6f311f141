"""A stopped execution starts no further task and stays ABORTED.

In MiniStack it continues with the retries of a task and with the states of a Map, and a task that fails after the stop
changes its status to FAILED. A function that is running at the time of the stop runs to its end, as on AWS.
"""

from contextvars import ContextVar
from typing import Any

from ministack.services import stepfunctions

# MiniStack does not pass the execution on to the functions that start tasks.
_execution: ContextVar[Any] = ContextVar("execution of the running task", default=None)


class _StoppedError(Exception):
    """Ends a branch of a stopped execution. No Retry and no Catch matches it."""


def install() -> None:
    """Checks the status before each task, and before the execution fails."""
    _remember_execution()
    for function in ("_invoke_resource", "_invoke_with_callback"):
        _refuse_when_stopped(function)
    _end_once()


def _remember_execution() -> None:
    original = stepfunctions._execute_task

    def remembering(state: dict[str, Any], raw_input: Any, execution: Any, context: dict[str, Any]) -> Any:
        token = _execution.set(execution)
        try:
            return original(state, raw_input, execution, context)
        finally:
            _execution.reset(token)

    stepfunctions._execute_task = remembering


def _refuse_when_stopped(function: str) -> None:
    original = getattr(stepfunctions, function)

    def refusing(*arguments: Any) -> Any:
        execution = _execution.get()
        if execution and execution["status"] != "RUNNING":
            raise _StoppedError(f"the execution is {execution['status']}")
        return original(*arguments)

    setattr(stepfunctions, function, refusing)


def _end_once() -> None:
    original = stepfunctions._fail_execution

    def ending(execution: dict[str, Any], error: str, cause: str) -> None:
        if execution["status"] == "RUNNING":
            original(execution, error, cause)

    stepfunctions._fail_execution = ending
