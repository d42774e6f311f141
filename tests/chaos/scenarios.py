"""The runs that faults are injected into. Each scenario takes another path through the state machine.

The first run of a scenario, without an injected fault, is its baseline. Cases are derived from the calls, functions and
states of the baseline that no earlier scenario has. A scenario that names a place to begin `again_from` has cases for
everything from there on, whether an earlier scenario has it or not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Intervention = Literal["nothing", "stop the execution", "delete the throughput", "start another run", "run the sweep"]
Answer = Literal["approves", "rejects"]


_PAID = "serving: provisioned"


@dataclass(frozen=True)
class Scenario:
    """A run and how it must end.

    `settings` are lines of run.yaml. `bedrock` are settings of the local Bedrock. The `intervention` happens while the
    run is `held` at `place`: "hold during" is while a function's request for a throughput is on its way. With "another
    turn", the run is not held: the function at `place`, which generates data, says that it is not done yet. `approver`
    answers the request for an approval. The run ends with `status`, by itself if `ends`, and otherwise only through the
    release schedule. `again_from` is a place of a function: everything from there on does something else in this run
    than in earlier scenarios.
    """

    name: str
    settings: str = _PAID
    bedrock: Mapping[str, Any] = field(default_factory=dict)
    intervention: Intervention = "nothing"
    place: str = ""
    held: Literal["hold before", "hold during", "hold after", "another turn"] = "hold before"
    files: Mapping[str, bytes] = field(default_factory=dict)
    approver: Answer = "approves"
    status: str = "SUCCEEDED"
    ends: bool = True
    again_from: str = ""


_NEVER = 10**6
_HIGH, _LOW = "{correctness: {at_least: 9.9}}", "{correctness: {at_most: 9.9}}"
_DOCUMENT = "\n\n".join(f"Thing {n} of the list was made in {1900 + n} from {n + 3} parts." for n in range(60)).encode()

# Deployment settings of the workers' clouds. The prices are invented: one run must be cheap enough to need no approval,
# and a run with two model units must need one.
DEPLOYMENT: Mapping[str, Any] = {
    "longest_keep_hours": 2,
    "commitments": ["OneMonth"],
    "approval_usd": 50,
    "prices": [
        {"item": "throughput", "term": "hourly", "usd": 10, "source": "invented for the injected faults"},
        {"item": "throughput", "term": "OneMonth", "usd": 0.001, "source": "invented for the injected faults"},
    ],
}
_EXPENSIVE = f"{_PAID}\nmodel_units: 2"
_CANDIDATES = "candidates: [{hyperparameters: {learningRate: [0.00001, 0.0001]}}]"
_BASE_MODELS = "candidates: [{base_model: [amazon.nova-micro-v1:0:128k, amazon.nova-lite-v1:0:300k]}]"
_IN_BATCH = "serving: on_demand\nhurry: false\ncompare_with: [base, few_shot]"
_BY_RULE = "release_throughput by the rule"

# Only for pairs of faults, because it never ends by itself.
LONG_TRAINING = Scenario("provisioned throughput, with a long training", bedrock={"job_stage_seconds": _NEVER})


def swept_while_it_trains(scenario: Scenario) -> Scenario:
    """The same run, but the hourly sweep comes as soon as its job is started.

    Only for pairs of faults. Otherwise, sweeps come after a run, and only if something is still alive.
    """
    return replace(
        scenario,
        name=f"{scenario.name}, swept while it trains",
        intervention="run the sweep",
        place="Start the customization",
        held="hold after",
    )


# The names are part of the names of cases in kept results (results.py): do not change them.
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
        "the throughput is lost midway",
        intervention="delete the throughput",
        place="Ask the tuned model",
        status="FAILED",
    ),
    Scenario(
        "stopped while it trains",
        bedrock={"job_stage_seconds": _NEVER},
        intervention="stop the execution",
        place="Check the customization",
        status="ABORTED",
    ),
    # Its function has seen that the run has no report, so it buys although the run ends meanwhile.
    Scenario(
        "stopped while it buys",
        intervention="stop the execution",
        place="Purchase throughput",
        held="hold during",
        status="ABORTED",
    ),
    Scenario(
        "stopped while it answers", intervention="stop the execution", place="Ask the tuned model", status="ABORTED"
    ),
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
    Scenario("rejected by a person", _EXPENSIVE, approver="rejects", status="FAILED"),
    Scenario("over its budget", f"{_PAID}\nbudget_usd: 1", status="FAILED"),
    Scenario(
        "validation data from documents", f"{_PAID}\ngenerate: {{count: 3}}", files={"documents/list.md": _DOCUMENT}
    ),
    Scenario(
        "validation data from documents, in two turns",
        "serving: none\ngenerate: {count: 3}",
        files={"documents/list.md": _DOCUMENT},
        place="Generate validation data",
        held="another turn",
    ),
    Scenario("two candidates", f"serving: on_demand\n{_CANDIDATES}", again_from="Start the customization"),
    Scenario(
        "two candidates, stopped while they train",
        f"serving: on_demand\n{_CANDIDATES}",
        bedrock={"job_stage_seconds": _NEVER},
        intervention="stop the execution",
        place="Check the customization",
        status="ABORTED",
        again_from=_BY_RULE,
    ),
    Scenario("two base models", f"serving: on_demand\n{_BASE_MODELS}"),
    Scenario("two runs of one dataset at once", intervention="start another run", place="Pin the inputs"),
    Scenario("asked in batch jobs", _IN_BATCH, bedrock={"batch_minimum_records": 1}),
    Scenario(
        "asked in batch jobs, stopped while they answer",
        _IN_BATCH,
        bedrock={"batch_minimum_records": 1, "batch_stage_seconds": _NEVER},
        intervention="stop the execution",
        place="Check the batch jobs",
        status="ABORTED",
        again_from=_BY_RULE,
    ),
    Scenario(
        "Bedrock fails the batch jobs",
        _IN_BATCH,
        bedrock={"batch_minimum_records": 1, "fail_batches": "Injected: the batch job failed"},
    ),
    Scenario(
        "asked in batch jobs, stopped while the judge answers in one",
        _IN_BATCH,
        bedrock={"batch_minimum_records": 1, "batch_stage_seconds": 5},
        intervention="stop the execution",
        place="Check the judge's batch jobs",
        status="ABORTED",
        again_from=_BY_RULE,
    ),
)
