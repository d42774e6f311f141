"""Permissions of the role of a state machine. MiniStack runs tasks as the root user.

Covers these resources of a Task: `lambda:invoke`, the ARN of a function, `sns:publish` and `states:startExecution`. AWS
reports a denied invocation as `Lambda.AWSLambdaException`.
"""

from contextvars import ContextVar
from typing import Any

from ministack.core import responses
from ministack.services import stepfunctions

from local.patches.iam.authorization import Check, role_denial

# MiniStack does not pass the state machine on to the functions that start tasks.
_running_role: ContextVar[tuple[str, str] | None] = ContextVar("role and execution of the running task", default=None)


def install() -> None:
    """Checks the permissions of the state machine's role before each task."""
    _remember_role()
    _check_before("_invoke_resource")
    _check_before("_invoke_with_callback")


def _remember_role() -> None:
    original = stepfunctions._execute_task

    def remembering(state: dict[str, Any], raw_input: Any, execution: Any, context: dict[str, Any]) -> Any:
        machine = stepfunctions._state_machines.get(context["StateMachine"]["Id"])
        token = _running_role.set((machine["roleArn"], context["Execution"]["Name"]) if machine else None)
        try:
            return original(state, raw_input, execution, context)
        finally:
            _running_role.reset(token)

    stepfunctions._execute_task = remembering


def _check_before(function: str) -> None:
    original = getattr(stepfunctions, function)

    def checked(resource: str, arguments: Any, *rest: Any) -> Any:
        running, needed = _running_role.get(), needed_permission(resource, arguments)
        denial = role_denial(*running, needed[0]) if running and needed else None
        if denial and needed:
            raise stepfunctions._ExecutionError(
                needed[1], f"{denial} (Status Code: 403; Error Code: AccessDeniedException)"
            )
        return original(resource, arguments, *rest)

    setattr(stepfunctions, function, checked)


def needed_permission(resource: str, arguments: Any) -> tuple[Check, str] | None:
    """The permission that a task needs, and the error name if the role lacks it. None for other resources."""
    named = arguments if isinstance(arguments, dict) else {}
    if "states:::lambda:invoke" in resource:
        return Check(
            "lambda:InvokeFunction", _function_arn(str(named.get("FunctionName", "")))
        ), "Lambda.AWSLambdaException"
    if ":lambda:" in resource and ":function:" in resource:
        return Check("lambda:InvokeFunction", resource), "Lambda.AWSLambdaException"
    if "states:::sns:publish" in resource:
        return Check("sns:Publish", str(named.get("TopicArn", "*"))), "SNS.AuthorizationErrorException"
    if "states:::states:startExecution" in resource:
        return Check(
            "states:StartExecution", str(named.get("StateMachineArn", "*"))
        ), "StepFunctions.AccessDeniedException"
    return None


def _function_arn(function: str) -> str:
    if function.startswith("arn:"):
        return function
    return f"arn:aws:lambda:{responses.get_region()}:{responses.get_account_id()}:function:{function}"
