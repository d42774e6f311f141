"""The states Pending and Inactive of functions. MiniStack runs a function in any state.

AWS refuses invocations in these states (Lambda Developer Guide, "Lambda function states"):

- A new function is Pending until its resources are set up: `ResourceConflictException`, 409.
- A function without invocations for weeks becomes Inactive. The next invocations get
  `CodeArtifactUserPendingException`, 409 (github.com/boto/boto3/issues/3788), until it is set up again after 40 to 106
  seconds
  (github.com/aws-solutions-library-samples/accelerated-intelligent-document-processing-on-aws/issues/801).

Here both take LOCAL_PENDING seconds from the first invocation or Get call, so that each new function refuses at least
once. A state machine sees `Lambda.` and the error's name. Asynchronous invocations are retried
(events/asynchronous_events.py).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from ministack.core.responses import error_response_json
from ministack.services import lambda_svc

from local.patches.settings import PatchSettings, patch_settings

State = Literal["Pending", "Active", "Inactive"]
_REASONS = {
    "Creating": "The function is being created.",
    "Restoring": "The function is restoring.",
    "Idle": "The function is idle.",
}
# The readiness is stored in MiniStack's record of the function, so a function that is created again is Pending again.
_KEY = "local readiness"


@dataclass(frozen=True)
class Refusal:
    """Lambda's error for an invocation of a function that is not ready."""

    code: str
    message: str

    def result(self) -> dict[str, Any]:
        """The error in the format of MiniStack's executors. Step Functions reports `Lambda.` and the code."""
        body = {"errorType": f"Lambda.{self.code}", "errorMessage": self.message, "__type": self.code}
        return {"error": True, "not_ready": True, "body": body, "log": ""}


PENDING = Refusal(
    "ResourceConflictException",
    "The operation cannot be performed at this time. The function is currently in the following state: Pending",
)
INITIALIZING = Refusal(
    "CodeArtifactUserPendingException",
    "Lambda is initializing your function. It will be ready to invoke shortly.",
)


class Readiness:
    """The state of one function over time."""

    def __init__(self, settings: PatchSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings, self._clock = settings, clock
        self.state: State = "Pending"
        self.reason = "Creating"
        self._active_at: float | None = None
        self._used_at = clock()

    def look(self) -> State:
        """The state for GetFunction. This does not activate an Inactive function."""
        now, idle = self._clock(), self._settings.idle
        if self.state == "Pending":
            if self._active_at is None:
                self._active_at = now + self._settings.pending
            if now >= self._active_at:
                self.state, self.reason, self._used_at = "Active", "", now
        elif self.state == "Active" and idle and now - self._used_at > idle:
            self.state, self.reason = "Inactive", "Idle"
        return self.state

    def call(self) -> Refusal | None:
        """The error of an invocation, or None if the function may run."""
        state = self.look()
        if state == "Active":
            self.used()
            return None
        if state == "Inactive":
            self.state, self.reason = "Pending", "Restoring"
            self._active_at = self._clock() + self._settings.pending
        return PENDING if self.reason == "Creating" else INITIALIZING

    def used(self) -> None:
        """Records that an invocation begins or ends."""
        self._used_at = self._clock()


def install() -> None:
    """Checks the state before each invocation, and returns it in Get and List operations."""
    lambda_svc._execute_function = _refusing(lambda_svc._execute_function)
    lambda_svc._invoke = _refusing_requests(lambda_svc._invoke)
    for function in ("_get_function", "_get_function_config"):
        setattr(lambda_svc, function, _showing(getattr(lambda_svc, function)))
    lambda_svc._list_functions = _showing_all(lambda_svc._list_functions)
    # By default MiniStack makes every function Active after half a second.
    lambda_svc._schedule_state_transition = lambda *_: None


def _refusing(original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def execute(function: dict[str, Any], event: Any) -> dict[str, Any]:
        config = function.get("config") or function
        if lambda_svc._function_config_scope_mismatch(config):
            return original(function, event)  # MiniStack calls this again in the account and Region of the function.
        name = config["FunctionName"]
        refusal = _refusal(name)
        if refusal:
            return refusal.result()
        try:
            return original(function, event)
        finally:
            if readiness := _readiness(name):
                readiness.used()

    return execute


def _refusing_requests(original: Callable[..., Any]) -> Callable[..., Any]:
    async def invoke(name: str, *arguments: Any, **rest: Any) -> Any:
        refusal = _refusal(name)
        if refusal:
            return error_response_json(refusal.code, refusal.message, 409)
        return await original(name, *arguments, **rest)

    return invoke


def _showing(original: Callable[..., Any]) -> Callable[..., Any]:
    def get(name: str, *arguments: Any) -> Any:
        _show(name)
        return original(name, *arguments)

    return get


def _showing_all(original: Callable[..., Any]) -> Callable[..., Any]:
    def listed(*arguments: Any) -> Any:
        for name in list(lambda_svc._functions):
            _show(name)
        return original(*arguments)

    return listed


def _show(name: str) -> None:
    readiness = _readiness(name)
    if readiness:
        state = readiness.look()
        lambda_svc._functions[name]["config"] |= {
            "State": state,
            "StateReason": _REASONS.get(readiness.reason, ""),
            "StateReasonCode": readiness.reason,
            "LastUpdateStatus": "Successful",
        }


def _refusal(name: str) -> Refusal | None:
    readiness = _readiness(name)
    return readiness.call() if readiness else None


def _readiness(name: str) -> Readiness | None:
    record = lambda_svc._functions.get(name)
    if record is None:
        return None
    readiness: Readiness = record.setdefault(_KEY, Readiness(patch_settings()))
    return readiness
