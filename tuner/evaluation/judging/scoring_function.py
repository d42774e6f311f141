"""Asks a Lambda function of the deployer's to score answers, in the form of AWS's reward functions.

The function gets a list of `{"id", "messages", "reference_answer", "metadata": {"reference_answer"}}`; the last message
is the answer. It returns a list of `{"id", "aggregate_reward_score", "metrics_list": [{"name", "value", "type"}]}`.

Sources, read in November 2026: "Setting up reward functions", Amazon Bedrock User Guide (the reference in `metadata`);
"Implementing reward functions", Amazon Nova User Guide (the reference beside the messages). Both members are sent, so
that a function for either service works.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field

from tuner.artifacts.dataset import Message
from tuner.aws.scoring_functions import call_function
from tuner.core.errors import (
    AccessDeniedError,
    AwsError,
    QuotaError,
    RetryableError,
    SpendingLimitError,
    TunerError,
)
from tuner.core.strict_model import Json
from tuner.core.wording import json_type
from tuner.costs.judge_usage import SCORER_ATTEMPTS
from tuner.costs.meter import Meter, Tokens
from tuner.settings.run.scorer import ScorerSettings

Call = Callable[[str, Json, float], Json]
_WAIT_SECONDS = 1.0
_CALL = Tokens(1, 0)
# A function that calls a model itself has quotas of its own.
_CONCURRENT_CALLS = 4
_SHOWN = 60
# As many as `scorer.measures` may describe.
_MOST_MEASURES = 50
_LARGEST = 2.0**63


@dataclass(frozen=True, slots=True)
class ToScore:
    """An answer and its question."""

    id: str
    turns: tuple[Message, ...]
    answer: str
    reference: str
    system: str | None = None

    def as_json(self) -> dict[str, Json]:
        """The element of the function's list."""
        system = [{"role": "system", "content": self.system}] if self.system else []
        asked = [{"role": turn.role, "content": turn.text} for turn in self.turns]
        said = {"role": "assistant", "content": self.answer}
        return {
            "id": self.id,
            "messages": [*system, *asked, said],
            "reference_answer": self.reference,
            "metadata": {"reference_answer": self.reference},
        }


@dataclass(frozen=True, slots=True)
class Scored:
    """The score of an answer and the function's own measures; or why there is no score."""

    score: float | None = None
    measures: Mapping[str, float] = field(default_factory=dict)
    problem: str = ""


class _UnusableReplyError(Exception):
    """Nothing in a reply can be used. The message completes 'the scorer'."""


class ScoringFunction:
    """A scorer: `function` is the name or the ARN of the Lambda function, `settings.name` what the run calls it.

    After `until`, on the monotonic clock, it asks nothing more. `meter` limits its calls, each of which counts as one
    token of input.
    """

    def __init__(
        self,
        function: str,
        settings: ScorerSettings,
        call: Call = call_function,
        sleep: Callable[[float], None] = time.sleep,
        until: float = math.inf,
        meter: Meter | None = None,
    ) -> None:
        self.settings = settings
        self._function = function
        self._call = call
        self._sleep = sleep
        self._until = until
        self._meter = meter

    def score(self, answers: Sequence[ToScore]) -> list[Scored]:
        """A score for each answer, in their order.

        Answers without a usable score are asked for again, three times in all. Nothing is raised for a function that
        fails: the other measures of the answers are right without it.
        """
        size = self.settings.batch
        batches = [answers[start : start + size] for start in range(0, len(answers), size)]
        with ThreadPoolExecutor(_CONCURRENT_CALLS) as pool:
            found = list(pool.map(self._batch, batches))
        return [scored for batch in found for scored in batch]

    def _batch(self, answers: Sequence[ToScore]) -> list[Scored]:
        found: dict[str, Scored] = {}
        for attempt in range(SCORER_ATTEMPTS):
            left = [answer for answer in answers if answer.id not in found or found[answer.id].score is None]
            if not left:
                break
            if attempt:
                self._sleep(_WAIT_SECONDS * 2**attempt)
            found |= self._attempt(left)
        return [found[answer.id] for answer in answers]

    def _attempt(self, answers: Sequence[ToScore]) -> dict[str, Scored]:
        if time.monotonic() > self._until:
            problem = "the scorer took so long that no time was left in this invocation"
            return {answer.id: Scored(problem=problem) for answer in answers}
        try:
            with self._meter.call(_CALL) if self._meter else nullcontext():
                return self._paid_attempt(answers)
        except (RetryableError, AccessDeniedError, QuotaError, SpendingLimitError) as error:
            return _failed(answers, error)

    def _paid_attempt(self, answers: Sequence[ToScore]) -> dict[str, Scored]:
        """A function that failed has worked, and is paid for: the meter must not see this error."""
        try:
            return self.ask(answers)
        except AwsError as error:
            return _failed(answers, error)

    def ask(self, answers: Sequence[ToScore]) -> dict[str, Scored]:
        """The scores of one call, by the answers' ids. Raises the errors of `call_function`."""
        reply = self._call(self._function, [answer.as_json() for answer in answers], self.settings.seconds)
        try:
            return self._read(reply, answers)
        except _UnusableReplyError as error:
            return {answer.id: Scored(problem=f"the scorer {error}") for answer in answers}

    def _read(self, reply: Json, answers: Sequence[ToScore]) -> dict[str, Scored]:
        """The scores in a reply. Raises _UnusableReplyError when it is not the list of the asked ids."""
        if isinstance(reply, Mapping) and "body" in reply:
            raise _UnusableReplyError("returned an HTTP response; return the list itself, not a 'body'")
        if not isinstance(reply, list):
            raise _UnusableReplyError(
                f"returned {json_type(reply, 'nothing')}, not a list with an object for each answer"
            )
        entries: dict[str, Mapping[str, Json]] = {}
        asked = {answer.id for answer in answers}
        for entry in reply:
            if not isinstance(entry, Mapping) or "id" not in entry:
                raise _UnusableReplyError("returned an entry without 'id'")
            key = str(entry["id"])
            if key not in asked:
                raise _UnusableReplyError(f"returned the id '{key[:_SHOWN]}', which was not asked for")
            if key in entries:
                raise _UnusableReplyError(f"returned the id '{key[:_SHOWN]}' twice")
            entries[key] = entry
        missing = Scored(problem="the scorer returned no entry for this id")
        return {key: self._scored(entries[key]) if key in entries else missing for key in asked}

    def _scored(self, entry: Mapping[str, Json]) -> Scored:
        try:
            score = _number(entry.get("aggregate_reward_score"), "aggregate_reward_score")
            _check_range("aggregate_reward_score", score, "scorer.range", self.settings.range)
            return Scored(score, dict(self._measures(entry.get("metrics_list"))))
        except _UnusableReplyError as error:
            return Scored(problem=f"the scorer {error}")

    def _measures(self, listed: Json) -> list[tuple[str, float]]:
        if listed is None:
            return []
        if not isinstance(listed, list):
            raise _UnusableReplyError(f"returned {json_type(listed, 'nothing')} as metrics_list, not a list")
        if len(listed) > _MOST_MEASURES:
            raise _UnusableReplyError(
                f"returned {len(listed):,} entries in metrics_list, and may have {_MOST_MEASURES}"
            )
        found = []
        for entry in listed:
            if not isinstance(entry, Mapping) or not isinstance(entry.get("name"), str) or not entry["name"]:
                raise _UnusableReplyError("returned an entry of metrics_list without a 'name'")
            name = str(entry["name"])[:_SHOWN]
            value = _number(entry.get("value"), f"metrics_list value '{name}'")
            if declared := self.settings.measures.get(name):
                _check_range(f"metrics_list value '{name}'", value, f"scorer.measures.{name}.range", declared.range)
            found.append((name, value))
        return found


def _failed(answers: Sequence[ToScore], error: TunerError) -> dict[str, Scored]:
    problem = str(error).rstrip(".")
    return {answer.id: Scored(problem=problem) for answer in answers}


def _check_range(name: str, value: float, setting: str, bounds: tuple[float, float]) -> None:
    low, high = bounds
    if not low <= value <= high:
        raise _UnusableReplyError(f"returned {name} {value:g}, which is not within {setting} ({low:g} to {high:g})")


def _number(value: Json, name: str) -> float:
    if value is None:
        raise _UnusableReplyError(f"returned no {name}")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _UnusableReplyError(f"returned {json_type(value, 'nothing')} as {name}, not a number")
    if isinstance(value, float) and not math.isfinite(value):
        raise _UnusableReplyError(f"returned {value} as {name}, which is not a finite number")
    # Sums and squares of larger numbers can be infinite, and Python's integers have no largest one.
    if abs(value) > _LARGEST:
        raise _UnusableReplyError(f"returned a number as {name} that is larger than {_LARGEST:g}")
    return float(value)
