"""Estimates the cost of the pipeline itself (Lambda, Step Functions, S3), which is usually a few cents."""

from __future__ import annotations

from collections.abc import Iterator

from tuner.artifacts.costs.cost_items import CostItemId
from tuner.artifacts.evaluation.contestants import MAIN
from tuner.costs.cost_inputs import CostInputs, Plan
from tuner.costs.prices.price_list import Price, PriceList

# A typical run: its steps' functions with 512 MiB, and the polling of a job that trains for two hours.
_STEPS, _STEP_GB_SECONDS = 30, 2.5
_POLLS, _POLL_GB_SECONDS = 60, 1.0
_STATES_PER_POLL = 3
# Per question and contestant: waiting for the answer with 1,769 MiB, and scoring with 1,024 MiB.
_GB_SECONDS_PER_ANSWER = 5 * 1.73 + 2 * 1
_STATES_PER_SHARD = 2
_OBJECTS, _READS_PER_OBJECT = 60, 10
# The uploaded dataset, the converted dataset, and the answers with the report page that includes them.
_COPIES = 3
_GB = 1e9
# Nobody knows when stored data or a stored model is deleted, so no sum can include all their months.
ONE_MONTH = "for the first month only"
# The state machine repeats a function that ran out of time up to nine times (statemachine/retries.py). Repetitions
# after throttling are more, but end at once.
MOST_RUNS_OF_A_STEP = 9

OverheadLine = tuple[CostItemId, float, str, Price | None]


def overhead(plan: Plan, inputs: CostInputs, prices: PriceList) -> Iterator[OverheadLine]:
    """Id, quantity, unit and price of each item, for a run without retries."""
    is_asked = plan.settings.serving != "none"
    questions, guard = (inputs.questions.count, inputs.guard.count) if is_asked else (0, 0)
    contestants = len(plan.contestants)
    samples = plan.settings.evaluation.samples
    answers = questions * contestants * samples + guard * len(MAIN)
    shards = inputs.shards(plan.settings) if is_asked else 0
    calls = _STEPS + _POLLS + (contestants + 1) * shards
    seconds = _STEPS * _STEP_GB_SECONDS + _POLLS * _POLL_GB_SECONDS + answers * _GB_SECONDS_PER_ANSWER
    states = 2 * _STEPS + _POLLS * _STATES_PER_POLL + (contestants + 1) * shards * _STATES_PER_SHARD
    written = _OBJECTS + (contestants + 2) * shards
    stored = round(_COPIES * inputs.training_bytes / _GB, 6)
    yield CostItemId.LAMBDA_TIME, round(seconds), "GB-seconds", prices.find("lambda_time")
    yield CostItemId.LAMBDA_CALLS, calls, "calls", prices.find("lambda_call")
    yield CostItemId.STEP_FUNCTIONS, states, "state transitions", prices.find("state_transition")
    yield CostItemId.S3_WRITES, written, "requests", prices.find("s3_write")
    yield CostItemId.S3_READS, written * _READS_PER_OBJECT, "requests", prices.find("s3_read")
    yield CostItemId.S3_STORAGE, stored, f"GB {ONE_MONTH}", prices.find("s3_storage")
