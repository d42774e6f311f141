"""A Task that waits for its token to come back: when its function fails, and how long it waits.

AWS fails such a Task at once when the function that was to hand the token on fails; MiniStack passes over that and
waits until the timeout. AWS lets `TimeoutSeconds` be a JSONata expression; MiniStack takes numbers only.
"""

from contextvars import ContextVar
from typing import Any

from ministack.services import stepfunctions

_waiting_for: ContextVar[str | None] = ContextVar("token of the task whose function is called", default=None)


def install() -> None:
    """Answer the token with the function's own error, and compute the timeout before the task starts."""
    _compute_timeouts()
    _remember_tokens()
    _answer_for_failed_functions()


def _compute_timeouts() -> None:
    original = stepfunctions._execute_task

    def computed(state: dict[str, Any], raw_input: Any, execution: Any, context: dict[str, Any]) -> Any:
        timeout = state.get("TimeoutSeconds")
        if isinstance(timeout, str):
            state = {**state, "TimeoutSeconds": stepfunctions._apply_jsonata_template(timeout, raw_input, context)}
        return original(state, raw_input, execution, context)

    stepfunctions._execute_task = computed


def _remember_tokens() -> None:
    original = stepfunctions._invoke_with_callback

    def remembering(resource: str, arguments: Any, token: str, state: dict[str, Any]) -> Any:
        reset = _waiting_for.set(token)
        try:
            return original(resource, arguments, token, state)
        finally:
            _waiting_for.reset(reset)

    stepfunctions._invoke_with_callback = remembering


def _answer_for_failed_functions() -> None:
    original = stepfunctions._call_lambda

    def answering(function: str, event: Any) -> Any:
        token = _waiting_for.get()
        try:
            return original(function, event)
        except stepfunctions._ExecutionError as error:
            if token:
                fail(token, error.error, error.cause)
            raise

    stepfunctions._call_lambda = answering


def fail(token: str, error: str, cause: str) -> None:
    """What SendTaskFailure does; nothing when the token has been answered."""
    waiting = stepfunctions._task_tokens.get(token)
    if waiting:
        waiting["error"] = {"Error": error, "Cause": cause}
        waiting["event"].set()
