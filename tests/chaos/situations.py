"""The runs that faults are injected into: each takes another way through the state machine.

The first run of a situation, without any other fault, is its baseline: the calls, functions and states met there, and
in no situation before, become its cases.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Meanwhile = Literal["nothing", "stop the execution", "delete the throughput", "start another run"]


@dataclass(frozen=True)
class Situation:
    """`settings` are lines of run.yaml; `bedrock` are settings of the local Bedrock; `meanwhile` happens when the run
    is held at `place`. `ends` is whether the run ends by itself, without the release switch."""

    name: str
    settings: str = "serving: provisioned"
    bedrock: Mapping[str, Any] = field(default_factory=dict)
    meanwhile: Meanwhile = "nothing"
    place: str = ""
    ends: bool = True


_NEVER = 10**6

SITUATIONS = (
    Situation("provisioned throughput"),
    Situation("on-demand deployment", "serving: on_demand"),
    Situation("not served", "serving: none"),
    Situation("Bedrock fails the job", bedrock={"fail_jobs": "Injected: the job failed"}),
    Situation("Bedrock fails the throughput", bedrock={"fail_throughputs": "Injected: the throughput failed"}),
    Situation(
        "Bedrock fails the deployment",
        "serving: on_demand",
        bedrock={"fail_deployments": "Injected: the deployment failed"},
    ),
    Situation("the throughput is lost midway", meanwhile="delete the throughput", place="Ask the tuned model"),
    Situation("stopped while it buys", meanwhile="stop the execution", place="Purchase throughput"),
    Situation("stopped while it answers", meanwhile="stop the execution", place="Ask the tuned model"),
    Situation("the throughput never comes", bedrock={"throughput_seconds": _NEVER}, ends=False),
    Situation("two runs of one dataset at once", meanwhile="start another run", place="Pin the inputs"),
)
