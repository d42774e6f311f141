"""Sends the evaluation questions to a model, many at a time, and records its answers shard by shard."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Protocol, Self

from tuner.artifacts.dataset import EvaluationQuestion, Message
from tuner.artifacts.evaluation.answers import Answer
from tuner.artifacts.evaluation.contestants import Contestant, ContestantName
from tuner.artifacts.manifest import Manifest
from tuner.aws.bedrock.converse import Reply
from tuner.aws.s3.guard_questions import guard_questions
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
from tuner.costs.answer_usage import most_tokens
from tuner.costs.meter import Meter
from tuner.settings import InferenceSettings

# Retries of one attempt, per question. All questions share them, so that a few slow ones may use more.
_RETRIES_PER_QUESTION = 6
_LONGEST_PAUSE_SECONDS = 20.0
# The concurrency limiter spaces calls that were throttled; a long pause here would only delay them further.
_LONGEST_PAUSE_THROTTLED_SECONDS = 2.0
# One invocation gets this many if the quota allows at least one request a second. Otherwise the state machine's next
# attempt continues.
_ANSWERS_PER_WORKER = 500
# Limits of the state machine's Map states: each item takes seven of the 25,000 events in an execution's history.
MAX_SHARDS, MAX_WORKERS = 200, 100
# A Lambda function may run for 15 minutes, and a question that was just sent may take two.
_SECONDS = 720.0
# The answers so far are written this often: `tuner watch` counts them, and a crash loses no more.
_RECORD_SECONDS = 5.0


class ModelClient(Protocol):
    """Invokes a model."""

    def ask(
        self,
        endpoint: str,
        question: str,
        system: str | None,
        inference: InferenceSettings,
        earlier: Sequence[Message] = (),
    ) -> Reply:
        """The reply to a question that follows the `earlier` messages. Raises TunerError."""
        ...


# The id of a question, and which answer to it.
_Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question that is asked, and which of several answers to it; None if it is asked once."""

    question: EvaluationQuestion
    sample: int | None = None

    @classmethod
    def each(cls, questions: Iterable[EvaluationQuestion], samples: int) -> list[Self]:
        """The questions in their order, each as often as it is asked."""
        numbers = range(samples) if samples > 1 else [None]
        return [cls(question, number) for question in questions for number in numbers]

    @property
    def key(self) -> _Key:
        """What no other request of the shard has."""
        return self.question.id, self.sample or 0

    def answered(self, reply: Reply, latency_ms: int | None, batch: bool = False) -> Answer:
        """The answer that a reply is."""
        return Answer(
            id=self.question.id,
            sample=self.sample,
            answer=reply.text,
            stop_reason=reply.stop_reason,
            input_tokens=reply.input_tokens,
            output_tokens=reply.output_tokens,
            latency_ms=latency_ms,
            batch=batch,
        )

    def failed(self, error: TunerError) -> Answer:
        """The answer that stands in the place of one, with the error."""
        return Answer(id=self.question.id, sample=self.sample, error=f"{type(error).__name__}: {error}")


@dataclass(frozen=True, slots=True)
class Shard:
    """`size` evaluation questions, starting at `number * size`. Each is asked `samples` times."""

    folder: RunFolder
    contestant: Contestant
    number: int
    size: int
    samples: int = 1

    @property
    def model(self) -> ContestantName:
        """The contestant's name."""
        return self.contestant.name

    @property
    def name(self) -> str:
        """The artifact with the shard's answers."""
        return Keys.answers(self.model, self.number)

    def questions(self) -> list[EvaluationQuestion]:
        """The shard's questions as the contestant is asked them, in their order."""
        start = self.number * self.size
        return list(islice(self.folder.asked_questions(self.contestant), start, start + self.size))

    def recorded(self) -> dict[_Key, Answer]:
        """The answers that an earlier attempt recorded."""
        if self.folder.find(self.name) is None:
            return {}
        return {(answer.id, answer.number): answer for answer in self.folder.load_records(self.name, Answer)}


@dataclass(frozen=True, slots=True)
class GuardShard(Shard):
    """The guard questions of a run, which are one shard of their own."""

    @property
    def name(self) -> str:
        """The artifact with the answers."""
        return Keys.guard_answers(self.model)

    def questions(self) -> list[EvaluationQuestion]:
        """The guard questions; none in a run without them."""
        return [record.asked for record in guard_questions(self.folder)]

    @classmethod
    def of(cls, folder: RunFolder, contestant: Contestant) -> GuardShard:
        """The guard questions for a contestant."""
        return cls(folder, contestant, 0, 0)


# The meter of a shard's calls; None when the model is not paid for by the token.
MeterOf = Callable[[ContestantName, int, Sequence[EvaluationQuestion]], Meter | None]


class _ShardAnswers:
    """The answers of one shard while its questions are asked."""

    def __init__(self, shard: Shard, meter_of: MeterOf | None) -> None:
        questions = shard.questions()
        self._shard, self._asked = shard, AskedQuestion.each(questions, shard.samples)
        self._answers = shard.recorded()
        self._written = len(self._answers)
        self.meter = meter_of(shard.model, shard.number, questions) if meter_of else None

    def open_questions(self) -> list[AskedQuestion]:
        """The questions without an answer, once for each answer that is missing."""
        return [asked for asked in self._asked if asked.key not in self._answers]

    def answers(self) -> list[Answer]:
        """The answers, in the order of the questions."""
        return [self._answers[asked.key] for asked in self._asked if asked.key in self._answers]

    def add(self, answer: Answer) -> None:
        """Adds an answer, and writes the shard with its last one, so that a later crash does not lose it.

        A shard of failures only is not written here: its questions may all have failed for one reason, and then they
        have to be asked again.
        """
        self._answers[answer.id, answer.number] = answer
        if not self.open_questions():
            self.record()

    def record(self) -> None:
        """Writes the answers so far, unless all of them are failures."""
        if any(entry.answer is not None for entry in self._answers.values()):
            self.write()

    def write(self) -> None:
        """Writes the answers that are not written yet. A shard without questions gets an empty file."""
        if len(self._answers) > self._written or not self._asked:
            self._shard.folder.save_records(self._shard.name, self.answers())
            self._written = len(self._answers)


class _Attempt:
    """What the questions of one attempt share: the concurrency limit, the retries and the deadline."""

    def __init__(self, concurrency: int, retries: int, deadline: float, sleep: Callable[[float], None]) -> None:
        self.limiter = ConcurrencyLimiter(concurrency, sleep=sleep)
        self.deadline = deadline
        self._retries = retries
        self._lock = threading.Lock()

    def may_retry(self) -> bool:
        """Takes one of the retries; False when none is left."""
        with self._lock:
            self._retries -= 1
            return self._retries >= 0


@dataclass(frozen=True, slots=True)
class Inference:
    """Asks the model at `endpoint`: a model id, an inference profile, or the ARN of an endpoint.

    `concurrency` is the maximum. The concurrency limiter adapts to throttling below it. `meter_of` limits what the
    answers can cost. After `seconds`, no question is sent any more.
    """

    client: ModelClient
    endpoint: str
    manifest: Manifest
    concurrency: int
    meter_of: MeterOf | None = None
    seconds: float = _SECONDS
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def run_guard(self, shard: GuardShard, meter_of: MeterOf | None, since: float) -> tuple[int, int]:
        """Answers the guard questions, as `run`, in what is left of the time of an invocation that began at `since`."""
        settings = self.manifest.settings.for_guard()
        manifest = self.manifest.model_copy(update={"settings": settings})
        seconds = self.seconds - (self.clock() - since)
        return replace(self, manifest=manifest, meter_of=meter_of, seconds=seconds).run(shard)

    def run(self, *shards: Shard) -> tuple[int, int]:
        """Answers the questions of the shards. Returns how many were answered and how many failed.

        All questions share one concurrency limit. A shard is written with its last answer, and questions that an
        earlier attempt answered are not asked again. A question that fails is recorded with its error. Any other error
        is raised after the other questions were asked and written. These are AccessDeniedError, EndpointFailedError,
        ThrottledError after the last retry, RetryableError when the time is up, and EvaluationError when all questions
        fail in the same way.
        """
        collected = [_ShardAnswers(shard, self.meter_of) for shard in shards]
        with ExitStack() as meters:
            for answers in collected:
                if answers.meter:
                    meters.enter_context(answers.meter)
            raised = self._ask_all(collected)
        all_answers = [answer for answers in collected for answer in answers.answers()]
        if not raised:
            _refuse_if_all_failed_alike(all_answers, shards[0].model)
        for answers in collected:
            answers.write()
        if raised:
            raise raised[0]
        failed = sum(answer.answer is None for answer in all_answers)
        return len(all_answers) - failed, failed

    def _ask_all(self, collected: Sequence[_ShardAnswers]) -> list[TunerError]:
        """Asks the open questions. Returns the errors that are not a question's own."""
        pending = [(answers, asked) for answers in collected for asked in answers.open_questions()]
        attempt = _Attempt(
            self.concurrency, _RETRIES_PER_QUESTION * len(pending), self.clock() + self.seconds, self.sleep
        )
        raised: list[TunerError] = []
        with ThreadPoolExecutor(max_workers=self.concurrency) as pool:
            futures = {pool.submit(self._answer, asked, answers.meter, attempt): answers for answers, asked in pending}
            recorded = time.monotonic()
            for future in as_completed(futures):
                result = future.result()
                if isinstance(result, Answer):
                    futures[future].add(result)
                else:
                    raised.append(result)
                if time.monotonic() - recorded > _RECORD_SECONDS:
                    recorded = time.monotonic()
                    _record(collected)
        return raised

    def _answer(self, asked: AskedQuestion, meter: Meter | None, attempt: _Attempt) -> Answer | TunerError:
        """The answer, a failed answer, or an error that is not the question's own."""
        if self.clock() > attempt.deadline:
            return RetryableError("The time of one invocation is up: the next attempt asks the remaining questions.")
        try:
            reply = self._ask(asked.question, meter, attempt)
        except (AccessDeniedError, EndpointFailedError, ThrottledError) as error:
            return error
        except TunerError as error:
            return asked.failed(error)
        return asked.answered(reply, reply.latency_ms)

    def _ask(self, question: EvaluationQuestion, meter: Meter | None, attempt: _Attempt) -> Reply:
        settings = self.manifest.settings
        most = most_tokens(question, settings)
        system = question.system or settings.system_prompt
        *earlier, last = question.turns
        send = partial(self.client.ask, self.endpoint, last.text, system, settings.inference, earlier)
        pause = 0.5
        while True:
            try:
                with attempt.limiter.slot():
                    return meter.ask(most, send) if meter else send()
            except RetryableError as error:
                if not attempt.may_retry():
                    raise
                throttled = isinstance(error, ThrottledError)
            # Outside of the slot, so that another question can use it during the pause.
            self.sleep(random.uniform(0, pause))  # noqa: S311 - jitter, not a secret
            pause = min(pause * 2, _LONGEST_PAUSE_THROTTLED_SECONDS if throttled else _LONGEST_PAUSE_SECONDS)


def _record(collected: Iterable[_ShardAnswers]) -> None:
    for answers in collected:
        answers.record()


def _refuse_if_all_failed_alike(answers: Iterable[Answer], model: ContestantName) -> None:
    """Raises if all questions failed for one reason: then the run has a problem, and no answer is recorded."""
    errors = [answer.error for answer in answers]
    if errors and None not in errors and len(set(errors)) == 1:
        raise EvaluationError(
            f"The {model} model answered none of {len(errors)} questions, each time for the same reason: {errors[0]} "
            "Remove the cause and run again."
        )


def shard_size(questions: int, configured: int, samples: int = 1) -> int:
    """Questions of one shard: as configured, or more where that would give too many shards.

    With several answers to each question, a shard has as many answers, and so fewer questions.
    """
    return max(1, configured // samples, -(-questions // MAX_SHARDS))


def workers(shards: int, answers: int, contestants: int = 1) -> list[list[int]]:
    """Assigns the shards, with so many `answers` each, to invocations of the answering function: 500 answers each.

    A Map state has the invocations of several `contestants`: each gets its share of the items that there may be.

    Parallel invocations share a quota but do not know of each other. Each would have to find its share by throttling,
    which takes time; a single invocation finds the whole quota. That is why an invocation gets many answers.
    """
    most = MAX_WORKERS // contestants
    each = max(1, _ANSWERS_PER_WORKER // answers, -(-shards // most))
    return [list(range(first, min(first + each, shards))) for first in range(0, shards, each)]
