"""Asks a model shards of the evaluation questions, many at a time."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from tuner.artifacts.contestants import ContestantName
from tuner.artifacts.manifest import Manifest
from tuner.aws.bedrock.converse import Message, Reply
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.concurrency_limiter import ConcurrencyLimiter
from tuner.core.errors import (
    AccessDeniedError,
    EndpointFailedError,
    EvaluationError,
    RetryableError,
    ThrottledError,
    TunerError,
)
from tuner.settings import InferenceSettings

# How often the questions of a shard may be asked again, per question of the shard.
_RETRIES_PER_QUESTION = 6
_LONGEST_PAUSE_SECONDS = 20.0
# The concurrency limiter spaces calls that were throttled; a long pause here would only delay them further.
_LONGEST_PAUSE_THROTTLED_SECONDS = 2.0
# Asked by one invocation, while the quota lets it ask one a second or more; else the next attempt goes on.
_QUESTIONS_PER_LANE = 500
# Items of a Map of the state machine: each takes seven of the 25,000 events that an execution's history may have.
MOST_SHARDS, MOST_LANES = 200, 100
# A Lambda function has 15 minutes, and a question that was begun may take two.
_SECONDS = 720.0


class Question(BaseModel):
    """A record of `dataset/evaluation.jsonl`, as far as it is asked."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    question: str
    system: str | None = None
    messages: tuple[Message, ...] = ()

    @property
    def turns(self) -> tuple[Message, ...]:
        """What is said to the model: a conversation as it went, or the one question."""
        return self.messages or (Message("user", self.question),)


class Answer(BaseModel):
    """A record of `answers/<model>/<shard>.jsonl`: an answer, or the error that stands for it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    answer: str | None = None
    error: str | None = None
    stop_reason: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    latency_ms: int | None = None


class Asker(Protocol):
    """Asks a model one question."""

    def ask(
        self,
        endpoint: str,
        question: str,
        system: str | None,
        inference: InferenceSettings,
        earlier: Sequence[Message] = (),
    ) -> Reply:
        """The reply to a question that comes after `earlier` turns; raises TunerError."""
        ...


@dataclass(frozen=True, slots=True)
class Shard:
    """The questions from `number * size` on, and where their answers go."""

    folder: RunFolder
    which: ContestantName
    number: int
    size: int

    @property
    def name(self) -> str:
        """The artifact with the shard's answers."""
        return Keys.answers(self.which, self.number)

    def questions(self) -> list[Question]:
        """The shard's questions, in their order."""
        start = self.number * self.size
        lines = islice(self.folder.read_lines(Keys.EVALUATION), start, start + self.size)
        return [Question.model_validate(line) for line in lines]

    def settled(self) -> dict[str, Answer]:
        """What an earlier attempt has written, by question."""
        if self.folder.find(self.name) is None:
            return {}
        return {line["id"]: Answer.model_validate(line) for line in self.folder.read_lines(self.name)}


class _Sheet:
    """A shard's answers while it is asked."""

    def __init__(self, shard: Shard, questions: Sequence[Question], settled: Mapping[str, Answer]) -> None:
        self._shard, self._questions, self._settled = shard, questions, dict(settled)
        self._written = len(settled)

    def unasked(self) -> list[Question]:
        return [question for question in self._questions if question.id not in self._settled]

    def answers(self) -> list[Answer]:
        """In the questions' order."""
        return [self._settled[question.id] for question in self._questions if question.id in self._settled]

    def settle(self, answer: Answer) -> None:
        """Writes the shard with its last answer: what dies afterwards need not ask again.

        Not when nothing was answered: that may be for a reason that all questions share, and is no settlement.
        """
        self._settled[answer.id] = answer
        if not self.unasked() and any(entry.answer is not None for entry in self._settled.values()):
            self.write()

    def write(self) -> None:
        """Writes what is not written yet."""
        if len(self._settled) > self._written or not self._questions:
            self._shard.folder.write_lines(self._shard.name, (answer.model_dump() for answer in self.answers()))
            self._written = len(self._settled)


class _Turn:
    """What the questions of one attempt share: their pace, their retries, their time."""

    def __init__(self, concurrency: int, retries: int, deadline: float, sleep: Callable[[float], None]) -> None:
        self.limiter = ConcurrencyLimiter(concurrency, sleep=sleep)
        self.deadline = deadline
        self._retries = retries
        self._lock = threading.Lock()

    def may_retry(self) -> bool:
        with self._lock:
            self._retries -= 1
            return self._retries >= 0


@dataclass(frozen=True, slots=True)
class Answering:
    """How a model is asked: `endpoint` is a model id, an inference profile, or an endpoint's ARN.

    `concurrency` is the most: it adapts to throttling.
    """

    asker: Asker
    endpoint: str
    manifest: Manifest
    concurrency: int
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def run(self, *shards: Shard) -> tuple[int, int]:
        """Answers the shards' questions; returns how many were answered, and how many failed.

        All questions share one pace, whichever shard they are of; a shard is written when its last one is settled.
        What an earlier attempt settled is not asked again. An answer that fails is kept with its error. What says
        nothing about the question raises, after the others were asked and written: ThrottledError beyond the retries,
        RetryableError when the time is up, AccessDeniedError, EndpointFailedError, and an error that all questions
        share.
        """
        sheets = [_Sheet(shard, shard.questions(), shard.settled()) for shard in shards]
        unasked = [(sheet, question) for sheet in sheets for question in sheet.unasked()]
        turn = _Turn(self.concurrency, _RETRIES_PER_QUESTION * len(unasked), self.clock() + _SECONDS, self.sleep)
        raised: list[TunerError] = []
        with ThreadPoolExecutor(max_workers=self.concurrency) as pool:
            asked = {pool.submit(self._settle, question, turn): sheet for sheet, question in unasked}
            for future in as_completed(asked):
                sheet, result = asked[future], future.result()
                if isinstance(result, Answer):
                    sheet.settle(result)
                else:
                    raised.append(result)
        answers = [answer for sheet in sheets for answer in sheet.answers()]
        if not raised:
            _refuse_if_all_failed_alike(answers, shards[0].which)
        for sheet in sheets:
            sheet.write()
        if raised:
            raise raised[0]
        failed = sum(answer.answer is None for answer in answers)
        return len(answers) - failed, failed

    def _settle(self, question: Question, turn: _Turn) -> Answer | TunerError:
        """The answer, a failed answer, or the error that is not the question's."""
        if self.clock() > turn.deadline:
            return RetryableError("The time of one invocation is up: the next attempt asks the remaining questions.")
        try:
            reply = self._ask(question, turn)
        except (AccessDeniedError, EndpointFailedError, ThrottledError) as error:
            return error
        except TunerError as error:
            return Answer(id=question.id, error=f"{type(error).__name__}: {error}")
        return Answer(
            id=question.id,
            answer=reply.text,
            stop_reason=reply.stop_reason,
            input_tokens=reply.input_tokens,
            output_tokens=reply.output_tokens,
            latency_ms=reply.latency_ms,
        )

    def _ask(self, question: Question, turn: _Turn) -> Reply:
        settings = self.manifest.settings
        system = question.system or settings.system_prompt
        *earlier, last = question.turns
        pause = 0.5
        while True:
            try:
                with turn.limiter.slot():
                    return self.asker.ask(self.endpoint, last.text, system, settings.inference, earlier)
            except RetryableError as error:
                if not turn.may_retry():
                    raise
                throttled = isinstance(error, ThrottledError)
            self.sleep(random.uniform(0, pause))  # noqa: S311 - jitter, not a secret
            pause = min(pause * 2, _LONGEST_PAUSE_THROTTLED_SECONDS if throttled else _LONGEST_PAUSE_SECONDS)


def _refuse_if_all_failed_alike(answers: Iterable[Answer], which: ContestantName) -> None:
    errors = [answer.error for answer in answers]
    if errors and None not in errors and len(set(errors)) == 1:
        raise EvaluationError(
            f"The {which} model answered none of {len(errors)} questions, each time for the same reason: {errors[0]} "
            "Mend it and run again."
        )


def shard_size(questions: int, configured: int) -> int:
    """Questions of a shard: as configured, more where there would be too many shards."""
    return max(configured, -(-questions // MOST_SHARDS))


def lanes(shards: int, shard_size: int) -> list[list[int]]:
    """The shards by who asks them: one invocation for 500 questions.

    Invocations that ask side by side share a quota that none of them knows: each would have to find its part of it, and
    would lose time. One alone finds all of it.
    """
    each = max(1, _QUESTIONS_PER_LANE // shard_size)
    return [list(range(first, min(first + each, shards))) for first in range(0, shards, each)]
