"""What can go wrong, as data: the effects that the proxy has on a call, and what happens to a function or a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tests.chaos.plan import Act

# Longer than the functions wait for an answer (lane.py): they give up, the call never arrives.
HANG_MS = 2_500
# A call that hangs lastingly uses up a state's retries (9 attempts of the state machine, 2 each of the SDK), each time
# until the timeout. From then on its connections are cut: the same for the functions, but sooner.
_HANGS = 18
_THROTTLED = {"s3": "SlowDown", "sns": "ThrottledException", "service-quotas": "TooManyRequestsException"}
_BROKEN = {"s3": "InternalError", "sns": "InternalError", "stepfunctions": "InternalFailure"}


@dataclass(frozen=True)
class CallFault:
    """`effect` gives microburst's effect for a service."""

    name: str
    effect: Callable[[str], Mapping[str, Any]]


def _throttling(service: str) -> Mapping[str, Any]:
    return {"error": {"code": _THROTTLED.get(service, "ThrottlingException"), "message": "Injected: Rate exceeded"}}


def _server_error(service: str) -> Mapping[str, Any]:
    code = _BROKEN.get(service, "InternalServerException")
    return {"error": {"code": code, "status": 500, "message": "Injected: an internal error"}}


CALL_FAULTS = (
    CallFault("throttled", _throttling),
    CallFault("500", _server_error),
    CallFault("cut before it acted", lambda _: {"reset": True}),
    CallFault("cut after it acted", lambda _: {"response": {"abort_bytes": 0}}),
    CallFault("hangs", lambda _: {"timeout_ms": HANG_MS}),
)

# How long a call is faulty: the first one only, which the SDK repeats by itself; or every one of this function until
# the run is over, which neither the SDK's nor the state machine's retries can mend.
Extent = Literal["once", "lasting"]
EXTENTS: tuple[Extent, ...] = ("once", "lasting")

FUNCTION_FAULTS: Mapping[str, Act] = {
    "crashes before its effect": "crash before",
    "crashes after its effect": "crash after",
    "runs out of time": "out of time",
    "is invoked twice at once": "twice",
}

STOPS: Mapping[str, Act] = {
    "stopped as it begins": "hold before",
    "stopped as it ends": "hold after",
}


@dataclass(frozen=True)
class Call:
    """An AWS call that a function makes at a place."""

    place: str
    function: str
    service: str
    operation: str

    def rules(self, fault: CallFault, extent: Extent) -> tuple[dict[str, Any], ...]:
        """What the proxy is told; `app_id` marks the function's requests. The first rule that matches holds."""
        match = {"service": self.service, "operation": self.operation, "headers": {"User-Agent": app_id(self.function)}}
        effect = {**match, **fault.effect(self.service)}
        if extent == "once":
            return ({**effect, "times": 1},)
        if "timeout_ms" in effect:
            return ({**effect, "times": _HANGS}, {**match, "reset": True})
        return (effect,)


def app_id(function: str) -> str:
    """What stands in the user agent of a function's requests (AWS_SDK_UA_APP_ID)."""
    return f"app/{function}."
