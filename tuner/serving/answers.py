"""Asks a model one shard of the evaluation questions, several at a time."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict

from tuner.aws.converse import Message, Reply
from tuner.aws.run_folder import RunFolder
from tuner.errors import (
    AccessDeniedError,
    EndpointFailedError,
    EvaluationError,
    RetryableError,
    ThrottledError,
    TunerError,
)
from tuner.pacing import Pacer
from tuner.run import Keys, Manifest
from tuner.settings import InferenceSettings

Which = Literal["base", "tuned"]

# How often the questions of a shard may be asked again, per question of the shard.
_RETRIES_PER_QUESTION = 6
_LONGEST_PAUSE_SECONDS = 20.0
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
    which: Which
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


class _Turn:
    """What the questions of one attempt share: their pace, their retries, their time."""

    def __init__(self, concurrency: int, retries: int, deadline: float) -> None:
        self.pacer = Pacer(concurrency)
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

    def run(self, shard: Shard) -> tuple[int, int]:
        """Answers a shard's questions; returns how many were answered, and how many failed.

        What an earlier attempt settled is not asked again. An answer that fails is kept with its error. What says
        nothing about the question raises, after the others were asked and written: ThrottledError beyond the retries
        of the shard, RetryableError when the time is up, AccessDeniedError, EndpointFailedError, and an error that all
        questions share.
        """
        questions, settled = shard.questions(), shard.settled()
        unasked = [question for question in questions if question.id not in settled]
        turn = _Turn(self.concurrency, _RETRIES_PER_QUESTION * len(unasked), self.clock() + _SECONDS)
        with ThreadPoolExecutor(max_workers=self.concurrency) as pool:
            results = list(pool.map(lambda question: self._settle(question, turn), unasked))
        raised = [result for result in results if isinstance(result, TunerError)]
        settled |= {result.id: result for result in results if isinstance(result, Answer)}
        answers = [settled[question.id] for question in questions if question.id in settled]
        if not raised:
            _refuse_if_all_failed_alike(answers, shard.which)
        shard.folder.write_lines(shard.name, (answer.model_dump() for answer in answers))
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
                with turn.pacer.slot():
                    return self.asker.ask(self.endpoint, last.text, system, settings.inference, earlier)
            except RetryableError:
                if not turn.may_retry():
                    raise
            self.sleep(random.uniform(0, pause))  # noqa: S311 - jitter, not a secret
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


def _refuse_if_all_failed_alike(answers: Iterable[Answer], which: Which) -> None:
    errors = [answer.error for answer in answers]
    if errors and None not in errors and len(set(errors)) == 1:
        raise EvaluationError(
            f"The {which} model answered none of {len(errors)} questions, each time for the same reason: {errors[0]} "
            "Mend it and run again."
        )
