"""What the run's own machinery costs: cents at most, shown so that nobody wonders."""

from __future__ import annotations

from collections.abc import Iterator

from tuner.costs.cost_inputs import Counted, Plan
from tuner.costs.prices import Price, PriceList

NAMES = ("Lambda, time", "Lambda, calls", "Step Functions", "S3, writes", "S3, reads", "S3, storage")
"""The items' names. Nobody counts what was really used of them: AWS's bill does."""

# A run as it usually goes: the functions of its steps at half a GB, and looks at a job that trains for two hours.
_STEPS, _STEP_GB_SECONDS = 30, 2.5
_LOOKS, _LOOK_GB_SECONDS = 60, 1.0
_STATES_PER_LOOK = 3
# Per question: both answers are waited for at half a GB, and graded at four.
_GB_SECONDS_PER_QUESTION = 2 * 5 * 0.5 + 4 * 4
_QUESTIONS_PER_SHARD = 25
_MAPS, _STATES_PER_SHARD = 3, 2
_OBJECTS, _READS_PER_OBJECT = 60, 10
# The dataset as it was dropped, converted, and the answers beside it; the page holds the last once more.
_COPIES = 3
_GB = 1e9


def small_change(plan: Plan, counted: Counted, prices: PriceList) -> Iterator[tuple[str, float, str, Price | None]]:
    """(name, quantity, unit, price) of each item, for a run that goes as expected."""
    questions = 0 if plan.settings.serving == "none" else counted.questions.count
    shards = -(-questions // _QUESTIONS_PER_SHARD)
    calls = _STEPS + _LOOKS + _MAPS * shards
    seconds = _STEPS * _STEP_GB_SECONDS + _LOOKS * _LOOK_GB_SECONDS + questions * _GB_SECONDS_PER_QUESTION
    states = 2 * _STEPS + _LOOKS * _STATES_PER_LOOK + _MAPS * shards * _STATES_PER_SHARD
    written = _OBJECTS + 4 * shards
    yield "Lambda, time", round(seconds), "GB-seconds", prices.find("lambda_time")
    yield "Lambda, calls", calls, "calls", prices.find("lambda_call")
    yield "Step Functions", states, "state transitions", prices.find("state_transition")
    yield "S3, writes", written, "requests", prices.find("s3_write")
    yield "S3, reads", written * _READS_PER_OBJECT, "requests", prices.find("s3_read")
    yield "S3, storage", round(_COPIES * counted.training_bytes / _GB, 6), "GB, a month", prices.find("s3_storage")
