"""The paths of a run through the state machine, written by hand and not derived from the definition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

BEGIN = (
    "Wait for a preparation place",
    "Pin the inputs",
    "Check that the account is ready",
    "Is validation data to be generated?",
)
PLANNED = (*BEGIN, "Plan the generation", "Is there anything to generate?")
BEFORE_GENERATION = (
    *PLANNED,
    "Estimate the cost with the generation",
    "Is the cost with the generation within the budget?",
)
ASKED_BEFORE_GENERATION = (
    *BEFORE_GENERATION,
    "Free the preparation place before the generation",
    "Ask for approval of the generation",
)
COSTS = (
    "Preprocess the dataset",
    "Validate the dataset",
    "Estimate the cost",
    "Is the cost within the budget?",
)
GENERATED = ("Generate validation data", "Are there enough pairs?")
NEXT_TURN = ("Wait for a preparation place for the next turn", *GENERATED)
PLACE_AGAIN = ("Wait for a preparation place after the approval",)
PLACE = ("Wait for a training place",)
ASK_BASE = ("Is the model to be served?", "Answer with the base model", "Ask the base model")
BATCH_JOBS = (
    "Start the batch jobs",
    "Wait for the batch jobs",
    "Check the batch jobs",
    "Are the batch jobs over?",
)
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
EARLY = "Is the answering to stop early?"
ASK_TUNED = (EARLY, "Answer with the tuned model", "Ask the tuned model", "Is the throughput to be kept?")
FIRST_BATCH = (EARLY, "Begin with the first batch")
BATCH = ("Ask a batch of the questions", "Look at the scores", "Do the answers decide?")
JUDGED_BY_CALLS = ("Release the throughput", "Is the judge asked in batch?")
JUDGE_JOBS = (
    "Start the judge's batch jobs",
    "Wait for the judge's batch jobs",
    "Check the judge's batch jobs",
    "Are the judge's batch jobs over?",
)
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

BASE_WORK, TUNED_WORK = ([{"model": model, "shards": [0]}] for model in ("base", "tuned"))
TO_TRAINING = (*BEGIN, *COSTS, *PLACE, *ASK_BASE)
TO_SERVICE = (*TO_TRAINING, *TRAIN, *TRAINED, *SERVE)
SERVED = (*TO_SERVICE, *ASK_TUNED, *JUDGED_BY_CALLS, *SCORE, *SUCCESS)


@dataclass(frozen=True)
class ExecutionPath:
    """The states of a path, the functions' results on it, and the execution's final status and error."""

    states: tuple[str, ...]
    answers: Mapping[str, Any] = field(default_factory=dict)
    ends: tuple[str, str | None] = ("SUCCEEDED", None)


def pinned(**given: Any) -> dict[str, Any]:
    """The result of the first step."""
    return {
        "run_id": "run-1",
        "serving": "provisioned",
        "generate": False,
        "keep_hours": 0,
        "commitment": None,
        "base_models": 1,
        **given,
    }


def estimate(decision: str) -> dict[str, Any]:
    """The result of the estimate. The approval expires after a second."""
    worst_case = {"usd": 2.0, "unknown": {}}
    return {
        "decision": decision,
        "estimated_usd": 1.0,
        "reason": "It costs much.",
        "approval_seconds": 1,
        "batch": False,
        "judge_batch": False,
        "worst_case": worst_case,
    }


# The functions' results on the usual path. A list has one result for each call; its last one repeats.
DEFAULT_RESULTS: dict[str, Any] = {
    "AssignPlaces": True,
    "Preflight": {"warnings": 0, "customization_jobs": 2},
    "PinInputs": pinned(),
    "Preprocess": {
        "shards": [0],
        "before_training": BASE_WORK,
        "served": TUNED_WORK,
        "shard_size": 25,
        "batch": [],
    },
    "EstimateCost": estimate("proceed"),
    "GenerateValidation": {"done": True, "pairs": 8},
    "Plan the generation": {"done": False, "pairs": 0},
    "StartBatch": {"jobs": 1, "wait_seconds": 60},
    "StartCustomization": {"job_arn": "j", "wait_seconds": 60},
    "CheckCustomization": {"status": "Completed", "wait_seconds": 60},
    "PurchaseThroughput": {"endpoint_arn": "e", "wait_seconds": 3},
    "CheckThroughput": {"status": "InService", "wait_seconds": 3},
    "ApplyGate": {"decision": "none"},
    # The run ends with the error and the cause that the report returns.
    "WriteReport": {"error": "SaidByTheReport", "cause": "in words", "report": "s3://"},
}


def _after_the_gate(keep_hours: float, commitment: str | None, decision: str, *states: str) -> ExecutionPath:
    kept = JUDGED_BY_CALLS if not keep_hours else ()
    answers = {
        "PinInputs": pinned(keep_hours=keep_hours, commitment=commitment),
        "ApplyGate": {"decision": decision},
    }
    return ExecutionPath((*TO_SERVICE, *ASK_TUNED, *kept, *SCORE, *states, *SUCCESS), answers)


def _in_batch(checks: int) -> tuple[str, ...]:
    """The states of a run whose batch jobs are over, or given up, after so many checks."""
    asked = (ASK_BASE[0], BATCH_JOBS[0], *checks * BATCH_JOBS[1:], *ASK_BASE[1:])
    return (*BEGIN, *COSTS, *PLACE, *asked, *SERVED[len(TO_TRAINING) :])


def _judged_in_batch(checks: int) -> tuple[str, ...]:
    """The same for the batch jobs of judges."""
    jobs = (JUDGE_JOBS[0], *checks * JUDGE_JOBS[1:])
    return (*TO_SERVICE, *ASK_TUNED, *JUDGED_BY_CALLS, *jobs, *SCORE, *SUCCESS)


JUDGED_IN_BATCH = {**estimate("proceed"), "judge_batch": True}
IN_BATCH = {**estimate("proceed"), "batch": True}
FAILED = ("FAILED", "SaidByTheReport")
ASKED = (*BEGIN, *COSTS, "Free the preparation place", "Ask for approval")
PATHS = {
    "provisioned": ExecutionPath(SERVED),
    "on demand": ExecutionPath(SERVED, {"PinInputs": pinned(serving="on_demand")}),
    "in batch": ExecutionPath(
        _in_batch(1), {"EstimateCost": IN_BATCH, "CheckBatch": {"status": "Completed", "wait_seconds": 0}}
    ),
    "in batch, over at the third check": ExecutionPath(
        _in_batch(3),
        {
            "EstimateCost": IN_BATCH,
            "CheckBatch": [{"status": "InProgress", "wait_seconds": n} for n in (61, 62)]
            + [{"status": "Completed", "wait_seconds": 0}],
        },
    ),
    "in batch without end": ExecutionPath(
        _in_batch(30), {"EstimateCost": IN_BATCH, "CheckBatch": {"status": "InProgress", "wait_seconds": 60}}
    ),
    "judged in batch": ExecutionPath(
        _judged_in_batch(1),
        {"EstimateCost": JUDGED_IN_BATCH, "CheckBatch": {"status": "Completed", "wait_seconds": 0}},
    ),
    "judged in batch, over at the second check": ExecutionPath(
        _judged_in_batch(2),
        {
            "EstimateCost": JUDGED_IN_BATCH,
            "CheckBatch": [{"status": status, "wait_seconds": 61} for status in ("InProgress", "Completed")],
        },
    ),
    "judged in batch without end": ExecutionPath(
        _judged_in_batch(30),
        {"EstimateCost": JUDGED_IN_BATCH, "CheckBatch": {"status": "InProgress", "wait_seconds": 60}},
    ),
    "two base models": ExecutionPath(
        (
            *(*BEGIN, *COSTS, *PLACE, "Is the model to be served?", *TRAIN, *TRAINED),
            *("Answer with the chosen base model", "Ask the chosen base model"),
            *(*SERVE, *ASK_TUNED, *JUDGED_BY_CALLS, *SCORE, *SUCCESS),
        ),
        {"PinInputs": pinned(base_models=2)},
    ),
    "two base models, not served": ExecutionPath(
        (*BEGIN, *COSTS, *PLACE, "Is the model to be served?", *TRAIN, *TRAINED, *SUCCESS),
        {"PinInputs": pinned(serving="none", base_models=2)},
    ),
    "not served": ExecutionPath(
        (*BEGIN, *COSTS, *PLACE, "Is the model to be served?", *TRAIN, *TRAINED, *SUCCESS),
        {"PinInputs": pinned(serving="none")},
    ),
    "generated at once": ExecutionPath(
        (*BEFORE_GENERATION, *GENERATED, *SERVED[len(BEGIN) :]),
        {"PinInputs": pinned(generate=True)},
    ),
    "nothing to generate": ExecutionPath(
        (*PLANNED, *SERVED[len(BEGIN) :]),
        {"PinInputs": pinned(generate=True), "Plan the generation": {"done": True, "pairs": 0}},
    ),
    "approved before the generation": ExecutionPath(
        (*ASKED_BEFORE_GENERATION, *PLACE_AGAIN, *GENERATED, *SERVED[len(BEGIN) :]),
        {
            "PinInputs": pinned(generate=True),
            "Estimate the cost with the generation": estimate("approve"),
            "RequestApproval": True,
        },
    ),
    "approved before and after the generation": ExecutionPath(
        (
            *ASKED_BEFORE_GENERATION,
            *PLACE_AGAIN,
            *GENERATED,
            *ASKED[len(BEGIN) :],
            *SERVED[len(BEGIN) + len(COSTS) :],
        ),
        {"PinInputs": pinned(generate=True), "EstimateCost": estimate("approve"), "RequestApproval": True},
    ),
    "rejected before the generation": ExecutionPath(
        (*ASKED_BEFORE_GENERATION, *FAILURE),
        {
            "PinInputs": pinned(generate=True),
            "EstimateCost": estimate("approve"),
            "RequestApproval": False,
        },
        FAILED,
    ),
    "approval of the generation expired": ExecutionPath(
        (*ASKED_BEFORE_GENERATION, *FAILURE),
        {
            "PinInputs": pinned(generate=True),
            "EstimateCost": estimate("approve"),
            "RequestApproval": None,
        },
        FAILED,
    ),
    "over the budget before the generation": ExecutionPath(
        (*BEFORE_GENERATION, "Refuse the cost", *FAILURE),
        {
            "PinInputs": pinned(generate=True),
            "EstimateCost": estimate("refuse"),
        },
        FAILED,
    ),
    "generated in two calls": ExecutionPath(
        (*BEFORE_GENERATION, *GENERATED, *NEXT_TURN, *SERVED[len(BEGIN) :]),
        {"PinInputs": pinned(generate=True), "GenerateValidation": [{"done": False}, {"done": True}]},
    ),
    "generated in three calls": ExecutionPath(
        (*BEFORE_GENERATION, *GENERATED, *2 * NEXT_TURN, *SERVED[len(BEGIN) :]),
        {
            "PinInputs": pinned(generate=True),
            "GenerateValidation": [{"done": False}, {"done": False}, {"done": True}],
        },
    ),
    "generated without end": ExecutionPath(
        (*BEFORE_GENERATION, *GENERATED, *59 * NEXT_TURN, "Give up the generation", *FAILURE),
        {"PinInputs": pinned(generate=True), "GenerateValidation": {"done": False}},
        FAILED,
    ),
    "approved": ExecutionPath(
        (*ASKED, *SERVED[len(BEGIN) + len(COSTS) :]), {"EstimateCost": estimate("approve"), "RequestApproval": True}
    ),
    "rejected": ExecutionPath(
        (*ASKED, *FAILURE), {"EstimateCost": estimate("approve"), "RequestApproval": False}, FAILED
    ),
    "approval expired": ExecutionPath(
        (*ASKED, *FAILURE), {"EstimateCost": estimate("approve"), "RequestApproval": None}, FAILED
    ),
    "over the budget": ExecutionPath(
        (*BEGIN, *COSTS, "Refuse the cost", *FAILURE), {"EstimateCost": estimate("refuse")}, FAILED
    ),
    "trained at the third check": ExecutionPath(
        (*TO_TRAINING, TRAIN[0], *3 * TRAIN[1:], *TRAINED, *SERVED[len(TO_TRAINING) + len(TRAIN) + len(TRAINED) :]),
        {
            "CheckCustomization": [{"status": "InProgress", "wait_seconds": n} for n in (61, 62)]
            + [{"status": "Completed", "wait_seconds": 1}]
        },
    ),
    "training without end": ExecutionPath(
        (*TO_TRAINING, TRAIN[0], *340 * TRAIN[1:], "Give up the training", *RELEASED_FAILURE),
        {"CheckCustomization": {"status": "InProgress", "wait_seconds": 60}},
        FAILED,
    ),
    "in service at the third check": ExecutionPath(
        (*TO_SERVICE[:-3], *3 * SERVE[2:], *SERVED[len(TO_SERVICE) :]),
        {
            "CheckThroughput": [{"status": "Creating", "wait_seconds": 3}] * 2
            + [{"status": "InService", "wait_seconds": 3}]
        },
    ),
    "decided at the second look": ExecutionPath(
        (*TO_SERVICE, *FIRST_BATCH, *2 * BATCH, ASK_TUNED[-1], *JUDGED_BY_CALLS, *SCORE, *SUCCESS),
        {
            "Preprocess": {
                "shards": [0],
                "before_training": BASE_WORK,
                "served": TUNED_WORK,
                "shard_size": 5,
                "batch": [0, 1],
            },
            "Look at the scores": [{"batch": [2]}, {"batch": []}],
        },
    ),
    "never decided": ExecutionPath(
        (*TO_SERVICE, *FIRST_BATCH, *25 * BATCH, *ASK_TUNED[1:], *JUDGED_BY_CALLS, *SCORE, *SUCCESS),
        {
            "Preprocess": {
                "shards": [0],
                "before_training": BASE_WORK,
                "served": TUNED_WORK,
                "shard_size": 5,
                "batch": [0],
            },
            "Look at the scores": {"batch": [1]},
        },
    ),
    "endpoint without end": ExecutionPath(
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
