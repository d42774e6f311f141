"""The faults as data: effects of the proxy on AWS calls, and actions on functions and executions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tests.chaos.injection.plan import Action

# Longer than the read timeout of the functions (worker.py): the function gives up, and the call never arrives.
HANG_MS = 2_500
# A lasting hang covers two attempts of a state, each with one retry by the SDK. After these, connections are cut. For
# the function this is the same, but it takes less time.
_HANGS = 4
# Throttling for minutes covers four attempts of a state, each with one retry by the SDK. The retries of the state
# outlast it.
_THROTTLED_FOR_MINUTES = 8
_THROTTLED = {"s3": "SlowDown", "sns": "ThrottledException", "service-quotas": "TooManyRequestsException"}
_SERVER_ERROR = {"s3": "InternalError", "sns": "InternalError", "stepfunctions": "InternalFailure"}

# How long a call is faulty. "once": the first call, which the SDK retries. "for minutes": until the retries of the
# state machine succeed. "lasting": every such call of the function until the run has ended.
Duration = Literal["once", "for minutes", "lasting"]


@dataclass(frozen=True)
class CallFault:
    """A fault of a call. `effect` returns microburst's effect for a service."""

    name: str
    effect: Callable[[str], Mapping[str, Any]]
    durations: tuple[Duration, ...] = ("once", "lasting")


def _throttling(service: str) -> Mapping[str, Any]:
    return {"error": {"code": _THROTTLED.get(service, "ThrottlingException"), "message": "Injected: Rate exceeded"}}


def _server_error(service: str) -> Mapping[str, Any]:
    code = _SERVER_ERROR.get(service, "InternalServerException")
    return {"error": {"code": code, "status": 500, "message": "Injected: an internal error"}}


# The names are part of the names of cases in kept results (results.py): do not change them.
THROTTLED = CallFault("throttled", _throttling, ("once", "for minutes", "lasting"))
CUT_AFTER = CallFault("cut after it acted", lambda _: {"response": {"abort_bytes": 0}})
CALL_FAULTS = (
    THROTTLED,
    CallFault("500", _server_error),
    CallFault("cut before it acted", lambda _: {"reset": True}),
    CUT_AFTER,
    CallFault("hangs", lambda _: {"timeout_ms": HANG_MS}),
)

FUNCTION_FAULTS: Mapping[str, Action] = {
    "crashes before its effect": "crash before",
    "crashes after its effect": "crash after",
    "runs out of time": "out of time",
    "is invoked twice at once": "twice",
    "is cold": "cold",
    "is throttled for minutes": "throttled",
}
# Only for functions that create a resource of Bedrock: the next reads do not see it.
STALE_READS: Mapping[str, Action] = {"is followed by stale reads": "stale reads"}

STOPS: Mapping[str, Action] = {
    "stopped as it begins": "hold before",
    "stopped as it ends": "hold after",
}

_LIFECYCLE_SERVICES = ("bedrock", "scheduler", "stepfunctions")
_READS = ("Get", "List", "Head", "Describe", "Converse", "InvokeModel")


@dataclass(frozen=True)
class Call:
    """An AWS call that a function makes at a place."""

    place: str
    function: str
    service: str
    operation: str

    @property
    def target(self) -> str:
        """Service and operation."""
        return f"{self.service}.{self.operation}"

    @property
    def reads(self) -> bool:
        """Whether the call changes nothing."""
        return self.operation.startswith(_READS)

    @property
    def changes_lifecycle(self) -> bool:
        """Whether the call creates, changes or ends a job, an endpoint, a schedule or an execution.

        All other writes (files, notifications, events) go through a few functions that every step shares.
        """
        return not self.reads and self.service in _LIFECYCLE_SERVICES

    @property
    def creates(self) -> bool:
        """Whether the call creates a resource of Bedrock."""
        return self.service == "bedrock" and self.operation.startswith("Create")

    def rules(self, fault: CallFault, duration: Duration) -> tuple[dict[str, Any], ...]:
        """The proxy's rules for a fault. The first rule that matches a request applies."""
        match = {"service": self.service, "operation": self.operation, "headers": {"User-Agent": app_id(self.function)}}
        effect = {**match, **fault.effect(self.service)}
        if duration == "once":
            return ({**effect, "times": 1},)
        if duration == "for minutes":
            return ({**effect, "times": _THROTTLED_FOR_MINUTES},)
        if "timeout_ms" in effect:
            return ({**effect, "times": _HANGS}, {**match, "reset": True})
        return (effect,)


def app_id(function: str) -> str:
    """The part of the user agent (AWS_SDK_UA_APP_ID) that marks the requests of a function."""
    return f"app/{function}."
