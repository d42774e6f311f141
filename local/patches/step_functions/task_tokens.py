"""Tasks with `.waitForTaskToken`: failed functions, and timeouts that are expressions.

On AWS such a Task fails at once if its function fails. MiniStack ignores the failure and waits for the timeout. On AWS
`TimeoutSeconds` can be a JSONata expression. MiniStack supports numbers only.
"""

from contextvars import ContextVar
from typing import Any

from ministack.services import stepfunctions

# MiniStack does not pass the token on to the invocation of the function.
_waiting_for: ContextVar[str | None] = ContextVar("token of the task whose function is called", default=None)


def install() -> None:
    """Fails the token with the function's error, and evaluates the timeout before the task starts."""
    _evaluate_timeouts()
    _remember_tokens()
    _fail_tokens_of_failed_functions()


def _evaluate_timeouts() -> None:
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


def _fail_tokens_of_failed_functions() -> None:
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
    """Does what SendTaskFailure does. Does nothing if the token has been answered already."""
    waiting = stepfunctions._task_tokens.get(token)
    if waiting:
        waiting["error"] = {"Error": error, "Cause": cause}
        waiting["event"].set()
