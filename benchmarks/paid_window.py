"""How much of the paid window is used: time beside the least possible, and seconds that are paid for and wasted.

Run with `python -m benchmarks.paid_window`, about four minutes. The code is the deployed one: `Answering` with a
`Pacer` for each lane, as many lanes at once as the state machine's Map, `next_look` for the looks, and `Release`. Only
the other side is a stand-in: an endpoint with a known latency and a token bucket for its quota, so that the least
possible time can be told exactly. What a call of the control plane and the start of a function take is stated.

Beside it, on the same endpoint, what people use today: a script that asks one question after the other, and a state
machine that waits 1,000 seconds and then does the same.
"""

from __future__ import annotations

import json
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product

from benchmarks.lines import Figure
from statemachine.format import DEFINITION
from tests.doubles import FakeEndpoints, MemoryFolder, manifest
from tuner.aws.converse import Reply
from tuner.errors import ThrottledError
from tuner.run import Keys
from tuner.serving.answers import Answering, Shard, lanes
from tuner.serving.endpoints import Endpoint
from tuner.serving.patience import next_look
from tuner.serving.release import Release
from tuner.settings import DeploymentSettings

QUESTIONS = 500
SETTINGS = DeploymentSettings()
# What a warm function takes to start, and the state machine to go to the next state; what the control plane takes.
START_SECONDS, CALL_SECONDS = 0.3, 0.15
FIXED_WAIT_SECONDS = 1000.0


@dataclass(frozen=True)
class Throughput:
    """An endpoint that answers after `latency` seconds and lets `quota` questions a second through."""

    name: str
    latency: float
    quota: float

    @property
    def least_seconds(self) -> float:
        """The last of the questions cannot begin before the quota lets it, and then takes its time."""
        return (QUESTIONS - self.burst) / self.quota + self.latency

    @property
    def burst(self) -> float:
        """Half a second's worth may come at once."""
        return max(1.0, self.quota / 2)


THROUGHPUTS = (Throughput("short answers", 0.5, 40), Throughput("long answers", 3.0, 12), Throughput("small", 1.0, 4))


class Stand:
    """The stand-in: a token bucket in front of a wait."""

    def __init__(self, throughput: Throughput) -> None:
        self._throughput = throughput
        self._tokens, self._at = throughput.burst, time.monotonic()
        self._lock = threading.Lock()
        self.refused = 0

    def ask(self, *_: object) -> Reply:
        with self._lock:
            now = time.monotonic()
            refilled = self._tokens + (now - self._at) * self._throughput.quota
            self._tokens, self._at = min(self._throughput.burst, refilled), now
            allowed = self._tokens >= 1
            self._tokens -= allowed
            self.refused += not allowed
        if not allowed:
            time.sleep(0.02)
            raise ThrottledError("Too many requests")
        time.sleep(self._throughput.latency)
        return Reply("An answer.", "end_turn", 20, 5, int(self._throughput.latency * 1000))


def main() -> int:
    """Prints every figure; returns 1 when one falls short."""
    figures = [figure for part in (answering(), waiting(), releasing()) for figure in part]
    for figure in figures:
        print(figure)
    return 0 if all(figure.holds for figure in figures) else 1


def answering() -> Iterator[Figure]:
    """Time used over the least possible, as the Map asks."""
    for throughput in THROUGHPUTS:
        endpoint = Stand(throughput)
        took = timed(lambda endpoint=endpoint: ask_as_deployed(endpoint))  # type: ignore[misc]
        sequential = QUESTIONS * max(throughput.latency, 1 / throughput.quota)
        print(
            f"# {throughput.name}, {throughput.latency:g} s each, {throughput.quota:g} a second: {took:.1f} s of at "
            f"least {throughput.least_seconds:.1f}, {endpoint.refused} refused. One after the other: {sequential:.0f} "
            f"s; with a fixed wait before it: {FIXED_WAIT_SECONDS + sequential:.0f} s"
        )
        yield Figure(f"paid_window_use_{throughput.name.replace(' ', '_')}", took / throughput.least_seconds, 1.1)


def ask_as_deployed(endpoint: Stand) -> None:
    """Every lane in an invocation of its own, as many at a time as the state machine says."""
    questions = [{"id": f"q{n}", "question": "What?", "reference": "That."} for n in range(QUESTIONS)]
    lines = "".join(json.dumps(question) + "\n" for question in questions).encode()
    at_once = json.loads(DEFINITION.read_text("utf-8"))["States"]["Answer with the tuned model"]["MaxConcurrency"]

    def invoke(lane: list[int]) -> int:
        time.sleep(START_SECONDS)
        folder = MemoryFolder(files={Keys.EVALUATION: lines})
        shards = [Shard(folder, "tuned", number, SETTINGS.shard_size) for number in lane]
        answered, _ = Answering(endpoint, "arn", manifest(), SETTINGS.answer_concurrency).run(*shards)
        return answered

    with ThreadPoolExecutor(at_once) as pool:
        found = lanes(-(-QUESTIONS // SETTINGS.shard_size), SETTINGS.shard_size)
        assert sum(pool.map(invoke, found)) == QUESTIONS


def waiting() -> Iterator[Figure]:
    """Paid seconds between InService and the first answer, whatever the creation took, with and without history."""
    lost: list[float] = []
    for took, usual in product((60, 180, 600, 1000, 1200, 1260, 1500, 2400, 3600), (None, 0.8, 1.0, 1.25)):
        expected = took * usual if usual else None
        lost.append(seen(took, expected) - took + START_SECONDS)
    learned = [
        seen(took, took * usual) - took + START_SECONDS for took, usual in product(range(60, 3600, 37), (0.8, 1, 1.25))
    ]
    fixed = [FIXED_WAIT_SECONDS - took for took in (60, 180, 600)]
    print(
        f"# InService to the first question: {statistics.mean(lost):.1f} s, at worst {max(lost):.1f} s; after earlier "
        f"runs {statistics.mean(learned):.1f} s, at worst {max(learned):.1f} s; with a fixed wait {max(fixed):.0f} s, "
        "and too early for what takes longer"
    )
    yield Figure("paid_seconds_before_first_answer_after_earlier_runs", statistics.mean(learned), 5, " s")
    yield Figure("paid_seconds_before_first_answer_at_worst", max(lost), 15, " s")


def seen(took: float, expected: float | None) -> float:
    """When the look comes that finds an endpoint in service after `took` seconds."""
    now = 0.0
    while now < took:
        now += next_look(SETTINGS.serving_polling, now, expected) + START_SECONDS + CALL_SECONDS
    return now


def releasing() -> Iterator[Figure]:
    """Paid seconds between the last answer and the delete."""
    deleted: list[float] = []

    class Slow(FakeEndpoints):
        def tags(self, arn: str) -> Mapping[str, str]:
            time.sleep(CALL_SECONDS)
            return super().tags(arn)

        def list(self, name: str) -> Iterator[Endpoint]:
            time.sleep(CALL_SECONDS)
            return super().list(name)

        def delete(self, arn: str) -> None:
            time.sleep(CALL_SECONDS)
            deleted.append(time.monotonic())
            super().delete(arn)

    kinds = (Slow(), Slow("on_demand"))
    kinds[0].add()
    start = time.monotonic()
    time.sleep(START_SECONDS)
    run_id = next(iter(kinds[0].alive.values())).name.removeprefix("tuner-")
    Release(kinds, "tuner", MemoryFolder, lambda _: None).run(run_id)
    yield Figure("paid_seconds_after_last_answer", deleted[0] - start, 3, " s")


def timed(work: Callable[[], None]) -> float:
    """Seconds that it took."""
    start = time.monotonic()
    work()
    return time.monotonic() - start


if __name__ == "__main__":
    sys.exit(main())
