"""Adds up what a run will cost, item by item, from its counted tokens."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from tuner import catalog
from tuner.costs.model import Estimate, Item, Limits
from tuner.costs.prices import Price, Term, price
from tuner.run import Manifest

# About twenty minutes until throughput is in service, a few to ask; what is begun of an hour is counted whole, because
# AWS does not say that it bills less.
_EXPECTED_MINUTES_TO_SERVICE = 20.0
_EXPECTED_SECONDS_PER_ANSWER = 5.0
# The judge's instructions, beside the question, the reference and the answer.
_JUDGE_INSTRUCTION_TOKENS = 500
_HOURS_PER_MONTH = 730
_MONTHS: dict[str, int] = {"OneMonth": 1, "SixMonths": 6}


class Questions(BaseModel):
    """The evaluation questions as a bill sees them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    count: int
    question_tokens: int
    reference_tokens: int


def count_questions(
    records: Iterable[Mapping[str, Any]], system_prompt: str | None, characters_per_token: float
) -> Questions:
    """Counts the evaluation questions' tokens as the model's family estimates them: by characters.

    A question goes out with its own system prompt, or else the run's.
    """
    count = asked = expected = 0
    for record in records:
        count += 1
        asked += len(record["question"]) + len(record.get("system") or system_prompt or "")
        expected += len(record["reference"])
    return Questions(
        count=count,
        question_tokens=math.ceil(asked / characters_per_token),
        reference_tokens=math.ceil(expected / characters_per_token),
    )


def estimate(manifest: Manifest, training_tokens: int, questions: Questions, limits: Limits) -> Estimate:
    """What the run will cost. Answers are counted at their greatest length, so that the sum is seldom too low."""
    model = catalog.model(manifest.base_model)
    epochs = int(manifest.hyperparameters["epochCount"])
    items = [
        _item("Training", training_tokens * epochs, "tokens x epochs", price("training", model.invoke_id)),
        _item("Custom model storage", 1, "months", price("storage", model.invoke_id)),
    ]
    if manifest.settings.serving != "none":
        items += _answers(manifest, model, questions)
        items += _judging(manifest, questions)
    known = [item.usd for item in items if item.usd is not None]
    return Estimate(
        items=tuple(items),
        total_usd=round(sum(known), 6),
        unknown=tuple(item.name for item in items if item.usd is None),
        **limits.model_dump(),
    )


def _answers(manifest: Manifest, model: catalog.Model, questions: Questions) -> list[Item]:
    written = questions.count * manifest.settings.inference.max_tokens
    items = [
        _item("Base model, questions", questions.question_tokens, "tokens", price("input", model.invoke_id)),
        _item("Base model, answers", written, "tokens, at most", price("output", model.invoke_id)),
    ]
    if manifest.settings.serving == "provisioned":
        return [*items, _throughput(manifest, model, questions)]
    # Whether a deployment's tokens cost what the base model's do is not documented for every family.
    return [
        *items,
        _item("Tuned model, questions", questions.question_tokens, "tokens", None),
        _item("Tuned model, answers", written, "tokens, at most", None),
    ]


def _throughput(manifest: Manifest, model: catalog.Model, questions: Questions) -> Item:
    units, commitment = manifest.settings.model_units, manifest.settings.commitment
    term: Term = commitment or "hourly"
    if commitment:
        hours = float(_MONTHS[commitment] * _HOURS_PER_MONTH)
    else:
        minutes = _EXPECTED_MINUTES_TO_SERVICE + questions.count * _EXPECTED_SECONDS_PER_ANSWER / 60
        hours = float(math.ceil(minutes / 60))
    return _item(
        "Provisioned throughput", units * hours, "model units x hours", price("throughput", model.invoke_id, term)
    )


def _judging(manifest: Manifest, questions: Questions) -> list[Item]:
    judge = catalog.judge(manifest.judge_model)
    model = judge.foundation_model if judge else manifest.judge_model
    longest_answers = questions.count * manifest.settings.inference.max_tokens
    per_model = (
        questions.question_tokens
        + questions.reference_tokens
        + longest_answers
        + questions.count * _JUDGE_INSTRUCTION_TOKENS
    )
    # Each answer is graded once; two answers are compared in both orders, and both are read each time.
    grades, comparisons = (2 * (name in manifest.settings.evaluation.metrics) for name in ("correctness", "preference"))
    if not grades + comparisons:
        return []
    read = (grades + comparisons) * per_model + comparisons * longest_answers
    verdicts = (grades + comparisons) * questions.count * manifest.settings.judge.max_tokens
    return [
        _item("Judge, reading", read, "tokens, at most", price("input", model)),
        _item("Judge, verdicts", verdicts, "tokens, at most", price("output", model)),
    ]


def _item(name: str, quantity: float, unit: str, found: Price | None) -> Item:
    return Item(
        name=name,
        quantity=quantity,
        unit=unit,
        unit_price_usd=found.usd if found else None,
        usd=quantity * found.usd if found else None,
        source=f"{found.source}; read {found.read.isoformat()}" if found else "unknown",
    )
