"""A simulated account with a limit of concurrent functions, and what the deployment invokes in it.

Time is simulated, so that a day of 1,000 runs takes seconds. The limits are the deployment's: the maximum concurrency
of the arrivals queue, the places, the parallel functions of a run and the retries of every state. How long functions
take is assumed, and longer than measured.
"""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from random import Random

from stacks.function_table import START_MINUTES
from stacks.trigger import RECEIVES
from statemachine.retries import BUSY_ACCOUNT, Retrier, retriers
from tuner.settings import DeploymentSettings
from tuner.settings.deployment.settings import STARTERS

Process = Iterator[float]
"""Yields the seconds until it goes on."""
Range = tuple[float, float]

# How long an invocation of each function takes, from and to, in seconds.
SECONDS: dict[str, Range] = {
    "start_run": (1, 6),
    "assign_places": (0.3, 2),
    "pin_inputs": (1, 5),
    "preflight": (2, 15),
    "generate_validation": (60, 600),
    "request_approval": (1, 5),
    "preprocess": (5, 120),
    "validate": (1, 3),
    "estimate_cost": (2, 10),
    "answer_questions": (20, 240),
    "start_customization": (2, 10),
    "check_customization": (0.5, 2),
    "summarize_training": (1, 5),
    "arm_release": (1, 3),
    "purchase_throughput": (1, 5),
    "check_throughput": (0.5, 2),
    "release_throughput": (5, 40),
    "score_answers": (20, 240),
    "apply_gate": (1, 4),
    "write_report": (2, 10),
    "notify": (1, 2),
    "close_run": (1, 5),
}
# The states of the definition that call a function, and which.
STATES: dict[str, str] = {
    "Wait for a preparation place": "assign_places",
    "Pin the inputs": "pin_inputs",
    "Check that the account is ready": "preflight",
    "Plan the generation": "generate_validation",
    "Estimate the cost with the generation": "estimate_cost",
    "Free the preparation place before the generation": "assign_places",
    "Ask for approval of the generation": "request_approval",
    "Wait for a preparation place after the approval": "assign_places",
    "Generate validation data": "generate_validation",
    "Wait for a preparation place for the next turn": "assign_places",
    "Preprocess the dataset": "preprocess",
    "Validate the dataset": "validate",
    "Estimate the cost": "estimate_cost",
    "Wait for a training place": "assign_places",
    "Ask the base model": "answer_questions",
    "Start the customization": "start_customization",
    "Check the customization": "check_customization",
    "Summarize the training": "summarize_training",
    "Arm the release switch": "arm_release",
    "Purchase throughput": "purchase_throughput",
    "Check the throughput": "check_throughput",
    "Ask the tuned model": "answer_questions",
    "Release the throughput": "release_throughput",
    "Grade one shard": "score_answers",
    "Put the scores together": "score_answers",
    "Apply the gate": "apply_gate",
    "Write the report": "write_report",
    "Notify of success": "notify",
    "Report the failure": "write_report",
    "Notify of the failure": "notify",
}
_BEGINNING = ("Pin the inputs", "Check that the account is ready")
_PLAN = ("Plan the generation", "Estimate the cost with the generation")
_QUESTION = ("Free the preparation place before the generation", "Ask for approval of the generation")
_DATASET = ("Preprocess the dataset", "Validate the dataset")
_FAILURE = ("Report the failure", "Notify of the failure")
_PURCHASE = ("Summarize the training", "Arm the release switch", "Purchase throughput")
_ENDING = ("Put the scores together", "Apply the gate", "Write the report", "Notify of success")


@dataclass(frozen=True)
class Bounds:
    """What limits the functions that run at the same time. The defaults are the deployment's own."""

    limit: int
    starters: int
    preparation: int
    training: int
    per_run: int

    @classmethod
    def of(cls, settings: DeploymentSettings) -> Bounds:
        return cls(
            limit=settings.account_concurrency,
            starters=STARTERS,
            preparation=settings.preparation_places,
            training=settings.training_places,
            per_run=settings.functions_per_run,
        )


@dataclass
class Account:
    """A clock, the functions that run, and the pools of places."""

    bounds: Bounds
    random: Random
    now: float = 0
    running: int = 0
    most: int = 0
    releases: list[float] = field(default_factory=list)
    """How long each release waited for a free function, in seconds."""
    ended: int = 0
    lost: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._events: list[tuple[float, int, Process]] = []
        self._number = itertools.count()
        self.places = {
            "preparation": Pool(self, self.bounds.preparation),
            "training": Pool(self, self.bounds.training),
        }

    def begin(self, process: Process, after: float = 0) -> None:
        heapq.heappush(self._events, (self.now + after, next(self._number), process))

    def run(self) -> None:
        """Until nothing is left to do."""
        while self._events:
            self.now, _, process = heapq.heappop(self._events)
            wait = next(process, None)
            if wait is not None:
                self.begin(process, wait)

    def invoke(self, function: str, waits: Iterator[float]) -> Iterator[float]:
        """Runs a function. While the account is at its limit, it is tried again after each of `waits`."""
        asked = self.now
        while self.running >= self.bounds.limit:
            wait = next(waits, None)
            if wait is None:
                self.lost.append(function)
                return
            yield wait
        if function == "release_throughput":
            self.releases.append(self.now - asked)
        self.running += 1
        self.most = max(self.most, self.running)
        yield self.random.uniform(*SECONDS[function])
        self.running -= 1

    def state(self, name: str) -> Process:
        """A Task state: Step Functions repeats a throttled invocation by the state's own policy."""
        yield from self.invoke(STATES[name], self._jittered(_busy(name)))

    def states(self, names: Iterable[str]) -> Process:
        """Task states, one after another."""
        for name in names:
            yield from self.state(name)

    def event(self, function: str) -> Process:
        """An asynchronous invocation, of a rule or a schedule.

        Lambda tries a throttled one again for six hours, after a second at first and after five minutes at most:
        https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
        """
        yield from self.invoke(function, _lambdas_own_waits())

    def _jittered(self, retrier: Retrier) -> Iterator[float]:
        return (self.random.uniform(0, wait) for wait in retrier.waits())


def _busy(state: str) -> Retrier:
    return next(found for found in retriers(state) if set(BUSY_ACCOUNT.errors) <= set(found.errors))


def _lambdas_own_waits() -> Iterator[float]:
    total, wait = 0.0, 1.0
    while total < 6 * 3600:
        yield wait
        total, wait = total + wait, min(2 * wait, 300)


@dataclass
class Pool:
    """Places of a pool, given in order by the function that keeps the queue."""

    account: Account
    places: int
    used: int = 0
    waiting: deque[Process] = field(default_factory=deque)

    def enter(self, run: Process) -> None:
        """`run` goes on when it has a place."""
        self.waiting.append(run)
        self._advance()

    def leave(self) -> None:
        self.used -= 1
        self._advance()

    def _advance(self) -> None:
        while self.waiting and self.used < self.places:
            self.used += 1
            self.account.begin(self.waiting.popleft())


@dataclass(frozen=True)
class Flood:
    """Datasets that are uploaded at the same moment. `files` is the number of events of each."""

    datasets: int
    files: int = 3
    broken: bool = False
    """Whether every dataset is refused when it is validated."""
    approved_after: float | None = None
    """The seconds after which a person approves all runs, which then generate data. None: they do not generate."""
    waits_again: bool = True
    """Whether an approved run waits for a place again, as the definition does."""
    training_seconds: Range = (1200, 3600)
    shards: int = 4


def drop(account: Account, flood: Flood) -> None:
    """Puts the events into the arrivals queue, and starts its mapping."""
    arrivals = deque((dataset, file) for dataset in range(flood.datasets) for file in range(flood.files))
    received: dict[tuple[int, int], int] = {}

    def poll() -> Process:
        while arrivals:
            message = arrivals.popleft()
            if account.running >= account.bounds.limit:
                # A throttled message can be received again after its visibility timeout, and a limited number of times.
                received[message] = received.get(message, 0) + 1
                if received[message] >= RECEIVES:
                    account.lost.append("start_run")
                else:
                    account.begin(again(message), 6 * START_MINUTES * 60)
                yield 1
                continue
            yield from account.invoke("start_run", iter(()))
            if message[1] == flood.files - 1:  # the event of the last upload starts the run
                account.begin(_execution(account, flood))

    def again(message: tuple[int, int]) -> Process:
        arrivals.append(message)
        yield from poll()

    for _ in range(account.bounds.starters):
        account.begin(poll())


def _execution(account: Account, flood: Flood) -> Process:
    """Until the run has its place for the preparation."""
    yield from account.state("Wait for a preparation place")
    account.places["preparation"].enter(_prepared(account, flood))


def _prepared(account: Account, flood: Flood) -> Process:
    yield from account.states(_BEGINNING)
    if flood.approved_after is None:
        yield from _with_dataset(account, flood)
        return
    yield from account.states(_PLAN)
    account.places["preparation"].leave()
    yield from account.states(_QUESTION)
    yield max(0.0, flood.approved_after - account.now)
    if not flood.waits_again:
        account.places["preparation"].used += 1  # as if there were places for all
        yield from _generated(account, flood)
        return
    yield from account.state("Wait for a preparation place after the approval")
    account.places["preparation"].enter(_generated(account, flood))


def _generated(account: Account, flood: Flood) -> Process:
    yield from account.state("Generate validation data")
    yield from _with_dataset(account, flood)


def _with_dataset(account: Account, flood: Flood) -> Process:
    yield from account.states(_DATASET)
    if flood.broken:
        yield from account.states(_FAILURE)
        account.begin(_over(account, "preparation", failed=True))
        return
    yield from account.state("Estimate the cost")
    # `assign_places` gives the place of the preparation on when the run registers for the training.
    yield from account.state("Wait for a training place")
    account.places["preparation"].leave()
    account.places["training"].enter(_trained(account, flood))


def _trained(account: Account, flood: Flood) -> Process:
    yield from _map(account, "Ask the base model", flood.shards)
    yield from account.state("Start the customization")
    yield from _poll(account, "Check the customization", flood.training_seconds, (60, 600))
    yield from account.states(_PURCHASE)
    yield from _poll(account, "Check the throughput", (60, 300), (3, 10))
    yield from _map(account, "Ask the tuned model", flood.shards)
    yield from account.state("Release the throughput")
    yield from _map(account, "Grade one shard", flood.shards)
    yield from account.states(_ENDING)
    account.begin(_over(account, "training"))


def _poll(account: Account, state: str, lasts: Range, pauses: Range) -> Process:
    """Asks again after each pause, until what it waits for is there."""
    ready = account.now + account.random.uniform(*lasts)
    while account.now < ready:
        yield account.random.uniform(*pauses)
        yield from account.state(state)


def _map(account: Account, state: str, shards: int) -> Process:
    """A Map state: its shards, by at most `per_run` functions."""
    left = deque(range(shards))
    busy = [0]

    def worker() -> Process:
        while left:
            left.popleft()
            yield from account.state(state)
        busy[0] -= 1

    for _ in range(min(account.bounds.per_run, shards)):
        busy[0] += 1
        account.begin(worker())
    while busy[0]:
        yield 1


def _over(account: Account, pool: str, failed: bool = False) -> Process:
    """The rules on ended executions."""
    account.ended += 1
    if failed:
        account.begin(account.event("release_throughput"))
    account.begin(account.event("close_run"))
    yield from account.event("assign_places")
    account.places[pool].leave()
