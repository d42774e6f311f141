"""The ways of a run as docs/state-machine.md tells them, written by hand: not derived from the definition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

BEGIN = ("Pin the inputs", "Check that the account is ready", "Is validation data to be generated?")
COSTS = (
    "Preprocess the dataset",
    "Validate the dataset",
    "Estimate the cost",
    "Is the cost within the budget?",
)
ASK_BASE = ("Is the model to be served?", "Answer with the base model", "Ask the base model")
TRAIN = (
    "Start the customization",
    "Wait for the training",
    "Check the customization",
    "Is the training over?",
)
TRAINED = ("Summarize the training", "Is the tuned model to be asked?")
SERVE = (
    "Arm the release switch",
    "Purchase throughput",
    "Wait for the throughput",
    "Check the throughput",
    "Is the throughput in service?",
)
ASK_TUNED = ("Answer with the tuned model", "Ask the tuned model", "Is the throughput to be kept?")
SCORE = (
    "Score the answers",
    "Grade one shard",
    "Put the scores together",
    "Apply the gate",
    "What becomes of the throughput?",
)
SUCCESS = ("Write the report", "Notify of success", "The model is evaluated")
FAILURE = ("Report the failure", "Notify of the failure", "The run failed")
RELEASED_FAILURE = ("Release after a failure", *FAILURE)

TO_TRAINING = (*BEGIN, *COSTS, *ASK_BASE)
TO_SERVICE = (*TO_TRAINING, *TRAIN, *TRAINED, *SERVE)
SERVED = (*TO_SERVICE, *ASK_TUNED, "Release the throughput", *SCORE, *SUCCESS)


@dataclass(frozen=True)
class Way:
    """`answers` are what functions give on this way, `ends` the execution's status and its error."""

    states: tuple[str, ...]
    answers: Mapping[str, Any] = field(default_factory=dict)
    ends: tuple[str, str | None] = ("SUCCEEDED", None)


def pinned(**given: Any) -> dict[str, Any]:
    """What the first step gives."""
    return {
        "run_id": "run-1",
        "serving": "provisioned",
        "generate": False,
        "keep_hours": 0,
        "commitment": None,
        **given,
    }


def estimate(decision: str) -> dict[str, Any]:
    """What the estimate gives; the approval expires after a second."""
    return {"decision": decision, "estimated_usd": 1.0, "reason": "It costs much.", "approval_seconds": 1}


# What functions give on the usual way. A list gives one answer a call, the last one from then on.
USUAL: dict[str, Any] = {
    "PinInputs": pinned(),
    "Preprocess": {"shards": [0], "lanes": [[0]], "shard_size": 25},
    "EstimateCost": estimate("proceed"),
    "GenerateValidation": {"done": True, "pairs": 8},
    "StartCustomization": {"job_arn": "j", "wait_seconds": 60},
    "CheckCustomization": {"status": "Completed", "wait_seconds": 60},
    "PurchaseThroughput": {"endpoint_arn": "e", "wait_seconds": 3},
    "CheckThroughput": {"status": "InService", "wait_seconds": 3},
    "ApplyGate": {"decision": "none"},
    # What the report says of a failure is what the run ends with.
    "WriteReport": {"error": "SaidByTheReport", "cause": "in words", "report": "s3://"},
}


def _after_the_gate(keep_hours: float, commitment: str | None, decision: str, *states: str) -> Way:
    kept = ("Release the throughput",) if not keep_hours else ()
    answers = {
        "PinInputs": pinned(keep_hours=keep_hours, commitment=commitment),
        "ApplyGate": {"decision": decision},
    }
    return Way((*TO_SERVICE, *ASK_TUNED, *kept, *SCORE, *states, *SUCCESS), answers)


FAILED = ("FAILED", "SaidByTheReport")
ASKED = (*BEGIN, *COSTS, "Ask for approval")
WAYS = {
    "provisioned": Way(SERVED),
    "on demand": Way(SERVED, {"PinInputs": pinned(serving="on_demand")}),
    "not served": Way(
        (*BEGIN, *COSTS, "Is the model to be served?", *TRAIN, *TRAINED, *SUCCESS),
        {"PinInputs": pinned(serving="none")},
    ),
    "generated at once": Way(
        (*BEGIN, "Generate validation data", "Are there enough pairs?", *SERVED[len(BEGIN) :]),
        {"PinInputs": pinned(generate=True)},
    ),
    "generated in three calls": Way(
        (*BEGIN, *3 * ("Generate validation data", "Are there enough pairs?"), *SERVED[len(BEGIN) :]),
        {
            "PinInputs": pinned(generate=True),
            "GenerateValidation": [{"done": False}, {"done": False}, {"done": True}],
        },
    ),
    "generated without end": Way(
        (*BEGIN, *60 * ("Generate validation data", "Are there enough pairs?"), "Give up the generation", *FAILURE),
        {"PinInputs": pinned(generate=True), "GenerateValidation": {"done": False}},
        FAILED,
    ),
    "approved": Way(
        (*ASKED, *SERVED[len(BEGIN) + len(COSTS) :]), {"EstimateCost": estimate("approve"), "RequestApproval": True}
    ),
    "rejected": Way((*ASKED, *FAILURE), {"EstimateCost": estimate("approve"), "RequestApproval": False}, FAILED),
    "approval expired": Way((*ASKED, *FAILURE), {"EstimateCost": estimate("approve"), "RequestApproval": None}, FAILED),
    "over the budget": Way((*BEGIN, *COSTS, "Refuse the cost", *FAILURE), {"EstimateCost": estimate("refuse")}, FAILED),
    "trained at the third look": Way(
        (*TO_TRAINING, TRAIN[0], *3 * TRAIN[1:], *TRAINED, *SERVED[len(TO_TRAINING) + len(TRAIN) + len(TRAINED) :]),
        {
            "CheckCustomization": [{"status": "InProgress", "wait_seconds": n} for n in (61, 62)]
            + [{"status": "Completed", "wait_seconds": 1}]
        },
    ),
    "training without end": Way(
        (*TO_TRAINING, TRAIN[0], *340 * TRAIN[1:], "Give up the training", *RELEASED_FAILURE),
        {"CheckCustomization": {"status": "InProgress", "wait_seconds": 60}},
        FAILED,
    ),
    "in service at the third look": Way(
        (*TO_SERVICE[:-3], *3 * SERVE[2:], *SERVED[len(TO_SERVICE) :]),
        {
            "CheckThroughput": [{"status": "Creating", "wait_seconds": 3}] * 2
            + [{"status": "InService", "wait_seconds": 3}]
        },
    ),
    "endpoint without end": Way(
        (*TO_SERVICE[:-3], *740 * SERVE[2:], "Give up the throughput", *RELEASED_FAILURE),
        {"CheckThroughput": {"status": "Creating", "wait_seconds": 3}},
        FAILED,
    ),
    "kept, accepted": _after_the_gate(8, None, "accepted", "Keep the throughput"),
    "kept, no gate": _after_the_gate(8, None, "none", "Keep the throughput"),
    "kept, rejected": _after_the_gate(8, None, "rejected", "Release the refused model"),
    "kept, undecided": _after_the_gate(8, None, "undecided", "Release the refused model"),
    "committed, accepted": _after_the_gate(0, "OneMonth", "accepted", "Purchase the commitment"),
    "committed, no gate": _after_the_gate(0, "OneMonth", "none"),
    "committed, rejected": _after_the_gate(0, "OneMonth", "rejected"),
    "committed, undecided": _after_the_gate(0, "OneMonth", "undecided"),
    "kept before committed": _after_the_gate(8, "OneMonth", "accepted", "Keep the throughput"),
}
