"""What can go wrong, as data: the effects that the proxy has on a call, and what happens to a function or a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tests.chaos.plan import Act

# Longer than the functions wait for an answer (lane.py): they give up, the call never arrives.
HANG_MS = 2_500
# What hangs lastingly hangs in two attempts of a state, each with one repetition by the SDK. From then on its
# connections are cut: the same for the functions, but sooner.
_HANGS = 4
# A state's retries get through throttling of some minutes: four attempts, each with one repetition by the SDK.
_THROTTLED_FOR_MINUTES = 8
_THROTTLED = {"s3": "SlowDown", "sns": "ThrottledException", "service-quotas": "TooManyRequestsException"}
_BROKEN = {"s3": "InternalError", "sns": "InternalError", "stepfunctions": "InternalFailure"}

# How long a call is faulty: the first one only, which the SDK repeats by itself; for minutes, which the state machine's
# retries outlast; or every call of this function until the run is over, which nothing can mend.
Extent = Literal["once", "for minutes", "lasting"]


@dataclass(frozen=True)
class CallFault:
    """`effect` gives microburst's effect for a service."""

    name: str
    effect: Callable[[str], Mapping[str, Any]]
    extents: tuple[Extent, ...] = ("once", "lasting")


def _throttling(service: str) -> Mapping[str, Any]:
    return {"error": {"code": _THROTTLED.get(service, "ThrottlingException"), "message": "Injected: Rate exceeded"}}


def _server_error(service: str) -> Mapping[str, Any]:
    code = _BROKEN.get(service, "InternalServerException")
    return {"error": {"code": code, "status": 500, "message": "Injected: an internal error"}}


THROTTLED = CallFault("throttled", _throttling, ("once", "for minutes", "lasting"))
CUT_AFTER = CallFault("cut after it acted", lambda _: {"response": {"abort_bytes": 0}})
CALL_FAULTS = (
    THROTTLED,
    CallFault("500", _server_error),
    CallFault("cut before it acted", lambda _: {"reset": True}),
    CUT_AFTER,
    CallFault("hangs", lambda _: {"timeout_ms": HANG_MS}),
)

FUNCTION_FAULTS: Mapping[str, Act] = {
    "crashes before its effect": "crash before",
    "crashes after its effect": "crash after",
    "runs out of time": "out of time",
    "is invoked twice at once": "twice",
    "is cold": "cold",
    "is throttled for minutes": "throttled",
}
# Only where a function makes something at Bedrock: the next reads miss it.
STALE: Mapping[str, Act] = {"is followed by stale reads": "stale reads"}

STOPS: Mapping[str, Act] = {
    "stopped as it begins": "hold before",
    "stopped as it ends": "hold after",
}

_PROTOCOL = ("bedrock", "scheduler", "stepfunctions")
_READS = ("Get", "List", "Head", "Describe", "Converse", "InvokeModel")


@dataclass(frozen=True)
class Call:
    """An AWS call that a function makes at a place."""

    place: str
    function: str
    service: str
    operation: str

    @property
    def what(self) -> str:
        """Service and operation."""
        return f"{self.service}.{self.operation}"

    @property
    def reads(self) -> bool:
        """Whether it changes nothing."""
        return self.operation.startswith(_READS)

    @property
    def of_the_protocol(self) -> bool:
        """Whether it makes, changes or ends a job, an endpoint, a schedule or an execution. Files, notices and events
        are written in the same way everywhere."""
        return not self.reads and self.service in _PROTOCOL

    @property
    def makes(self) -> bool:
        """Whether Bedrock makes something by it."""
        return self.service == "bedrock" and self.operation.startswith("Create")

    def rules(self, fault: CallFault, extent: Extent) -> tuple[dict[str, Any], ...]:
        """What the proxy is told; `app_id` marks the function's requests. The first rule that matches holds."""
        match = {"service": self.service, "operation": self.operation, "headers": {"User-Agent": app_id(self.function)}}
        effect = {**match, **fault.effect(self.service)}
        if extent == "once":
            return ({**effect, "times": 1},)
        if extent == "for minutes":
            return ({**effect, "times": _THROTTLED_FOR_MINUTES},)
        if "timeout_ms" in effect:
            return ({**effect, "times": _HANGS}, {**match, "reset": True})
        return (effect,)


def app_id(function: str) -> str:
    """What stands in the user agent of a function's requests (AWS_SDK_UA_APP_ID)."""
    return f"app/{function}."
