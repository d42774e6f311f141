"""The runs that faults are injected into: each takes another way through the state machine.

The first run of a situation, without any other fault, is its baseline: the calls, functions and states met there, and
in no situation before, become its cases.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Meanwhile = Literal["nothing", "stop the execution", "delete the throughput", "start another run"]
Answer = Literal["approves", "rejects"]


_PAID = "serving: provisioned"


@dataclass(frozen=True)
class Scenario:
    """`settings` are lines of run.yaml; `bedrock` are settings of the local Bedrock; `meanwhile` happens when the run
    is held at `place`; `person` answers what the run asks. It ends with `status`, and by itself if `ends`, without the
    release switch."""

    name: str
    settings: str = _PAID
    bedrock: Mapping[str, Any] = field(default_factory=dict)
    meanwhile: Meanwhile = "nothing"
    place: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)
    person: Answer = "approves"
    status: str = "SUCCEEDED"
    ends: bool = True


_NEVER = 10**6
_HIGH, _LOW = "{correctness: {at_least: 1000}}", "{correctness: {at_least: 0}}"
_DOCUMENT = "\n\n".join(f"Thing {n} of the list was made in {1900 + n} from {n + 3} parts." for n in range(60)).encode()

# What the lanes' deployment is told beside its own settings: prices are invented, so that one run is cheap enough to
# go on by itself, and one with two model units must ask.
DEPLOYMENT: Mapping[str, Any] = {
    "longest_keep_hours": 2,
    "commitments": ["OneMonth"],
    "approval_usd": 15,
    "prices": [
        {"item": "throughput", "term": "hourly", "usd": 10, "source": "invented for the injected faults"},
        {"item": "throughput", "term": "OneMonth", "usd": 0.001, "source": "invented for the injected faults"},
    ],
}
_EXPENSIVE = f"{_PAID}\nmodel_units: 2"

# Only for pairs of faults: by itself it would never end.
LONG_TRAINING = Scenario("provisioned throughput, with a long training", bedrock={"job_stage_seconds": _NEVER})

SCENARIOS = (
    Scenario("provisioned throughput"),
    Scenario("on-demand deployment", "serving: on_demand"),
    Scenario("not served", "serving: none"),
    Scenario("Bedrock fails the job", bedrock={"fail_jobs": "Injected: the job failed"}, status="FAILED"),
    Scenario(
        "Bedrock fails the throughput", bedrock={"fail_throughputs": "Injected: the throughput failed"}, status="FAILED"
    ),
    Scenario(
        "Bedrock fails the deployment",
        "serving: on_demand",
        bedrock={"fail_deployments": "Injected: the deployment failed"},
        status="FAILED",
    ),
    Scenario(
        "the throughput is lost midway", meanwhile="delete the throughput", place="Ask the tuned model", status="FAILED"
    ),
    Scenario(
        "stopped while it trains",
        bedrock={"job_stage_seconds": _NEVER},
        meanwhile="stop the execution",
        place="Check the customization",
        status="ABORTED",
    ),
    Scenario("stopped while it buys", meanwhile="stop the execution", place="Purchase throughput", status="ABORTED"),
    Scenario("stopped while it answers", meanwhile="stop the execution", place="Ask the tuned model", status="ABORTED"),
    Scenario("the throughput never comes", bedrock={"throughput_seconds": _NEVER}, status="FAILED", ends=False),
    Scenario("kept after the evaluation", f"{_PAID}\nkeep_hours: 1"),
    Scenario("to be kept, but refused by the gate", f"{_PAID}\nkeep_hours: 1\ngate: {_HIGH}"),
    Scenario("accepted by the gate", f"{_PAID}\ngate: {_LOW}"),
    Scenario(
        "accepted by the gate, and committed to",
        f"{_PAID}\ngate: {_LOW}\ncommitment: OneMonth",
        bedrock={"committed_model_units": 1000},
    ),
    Scenario("approved by a person", _EXPENSIVE),
    Scenario("rejected by a person", _EXPENSIVE, person="rejects", status="FAILED"),
    Scenario("over its budget", f"{_PAID}\nbudget_usd: 1", status="FAILED"),
    Scenario(
        "validation data from documents", f"{_PAID}\ngenerate: {{count: 3}}", files={"documents/list.md": _DOCUMENT}
    ),
    Scenario("two runs of one dataset at once", meanwhile="start another run", place="Pin the inputs"),
)
