"""What an estimate is made from: the run's plan, and what its dataset counts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tuner import catalog
from tuner.artifacts.manifest import Manifest
from tuner.settings import RunSettings


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is going to do, as far as it costs. `settings.serving` is settled: never `auto`."""

    model: catalog.Model
    settings: RunSettings
    epochs: int
    judge_model: str

    @property
    def judge(self) -> catalog.Judge:
        """Who grades."""
        return catalog.judge_or_assumed(self.judge_model)

    @classmethod
    def of(cls, manifest: Manifest) -> Plan:
        """The plan of a run that is pinned."""
        epochs = int(manifest.hyperparameters["epochCount"])
        return cls(catalog.model(manifest.base_model), manifest.settings, epochs, manifest.judge_model)


@dataclass(frozen=True, slots=True)
class Questions:
    """The evaluation questions as a bill sees them."""

    count: int
    question_tokens: int
    reference_tokens: int


@dataclass(frozen=True, slots=True)
class Generation:
    """The tokens that generating validation data takes; `most`: not yet done, so these are the most it can take."""

    model: str
    input_tokens: int
    output_tokens: int
    most: bool = False


@dataclass(frozen=True, slots=True)
class Counted:
    """What a dataset counts. `training_bytes` is the size of the converted files."""

    training_tokens: int
    questions: Questions
    training_bytes: int = 0
    generation: Generation | None = None


def count_questions(
    records: Iterable[Mapping[str, Any]], system_prompt: str | None, characters_per_token: float
) -> Questions:
    """Counts the evaluation questions' tokens as the model's family estimates them: by characters.

    A question goes out with its own system prompt, or else the run's; one of several turns with all of them.
    """
    count = asked = expected = 0
    for record in records:
        count += 1
        turns = [turn["text"] for turn in record.get("messages") or ()] or [record["question"]]
        asked += sum(map(len, turns)) + len(record.get("system") or system_prompt or "")
        expected += len(record["reference"])
    return Questions(
        count=count,
        question_tokens=math.ceil(asked / characters_per_token),
        reference_tokens=math.ceil(expected / characters_per_token),
    )


def counted(
    summary: Mapping[str, Any],
    records: Iterable[Mapping[str, Any]],
    plan: Plan,
    generation: Generation | None = None,
) -> Counted:
    """From `dataset/summary.json` and the evaluation questions."""
    questions = count_questions(records, plan.settings.system_prompt, plan.model.family.characters_per_token)
    size = summary.get("training_bytes", 0) + summary.get("validation_bytes", 0)
    return Counted(summary["training_tokens"], questions, size, generation)


def generated(summary: Mapping[str, Any] | None) -> Generation | None:
    """From `generated/summary.json`: what generating validation data has taken; None when nothing was asked."""
    if not summary or not summary.get("calls"):
        return None
    return Generation(summary["model"], summary["input_tokens"], summary["output_tokens"])
