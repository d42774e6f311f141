"""How much of the paid window is used: time beside the least possible, and seconds that are paid for and wasted.

Run with `python -m benchmarks.paid_window`, four minutes. The code is the deployed one: `Inference` with a
`ConcurrencyLimiter` for each lane, as many lanes at once as the state machine's Map, `next_delay` for the looks, and
`Release`. Only the other side is a stand-in: an endpoint with a known latency and a token bucket for its quota, so
that the least possible time is known exactly. The duration of a control-plane call and of a function's start is an
assumption that the output states.

Beside it, run on the same stand-in with a clock forty times as quick, what people use today: a script that asks one
question after the other, and a state machine that waits 1,000 seconds and then does the same.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import product

from benchmarks.figures import Figure
from benchmarks.simulated_endpoint import (
    CALL_SECONDS,
    QUESTIONS,
    START_SECONDS,
    SimulatedEndpoint,
    Throughput,
    fixed_wait,
    sequential,
)
from statemachine.definition import definition
from tests.doubles import FakeEndpoints, MemoryFolder, manifest
from tuner.aws.bedrock.resources import PaidResource
from tuner.core.artifact_keys import Keys
from tuner.serving.inference import Inference, Shard, workers
from tuner.serving.polling import next_delay
from tuner.serving.release import Release
from tuner.settings import DeploymentSettings

SETTINGS = DeploymentSettings()
# What the endpoint takes into service where the three ways are compared: less than the fixed wait, or that would fail.
CREATION_SECONDS = 600.0

THROUGHPUTS = (Throughput("short answers", 0.5, 40), Throughput("long answers", 3.0, 12), Throughput("small", 1.0, 4))


def main() -> int:
    """Prints every figure; returns 1 when one falls short."""
    after = Figure("paid_seconds_after_last_answer", releasing(), 3, " s")
    took = {throughput: answering(throughput) for throughput in THROUGHPUTS}
    used = [
        Figure(f"paid_window_use_{throughput.label}", seconds / throughput.least_seconds, 1.1)
        for throughput, seconds in took.items()
    ]
    around = before(CREATION_SECONDS, CREATION_SECONDS) + after.value
    paid = {throughput: around + seconds for throughput, seconds in took.items()}
    figures = [*used, *beside(paid), *waiting(), after]
    for figure in figures:
        print(figure)
    return 0 if all(figure.holds for figure in figures) else 1


def answering(throughput: Throughput) -> float:
    """Seconds from the first question to the last answer, as the Map asks."""
    endpoint = SimulatedEndpoint(throughput)
    ask_as_deployed(endpoint)
    took = endpoint.paid_seconds
    print(
        f"# {throughput.name}, {throughput.latency:g} s each, {throughput.quota:g} a second: {took:.1f} s of at least "
        f"{throughput.least_seconds:.1f}, {endpoint.refused} refused"
    )
    return took


def beside(paid: Mapping[Throughput, float]) -> Iterator[Figure]:
    """How much more is paid for in today's ways on the same endpoints, each run on a quick clock of its own."""
    with ThreadPoolExecutor(2 * len(paid)) as pool:
        scripts = [pool.submit(sequential, throughput) for throughput in paid]
        waiters = [pool.submit(fixed_wait, throughput, CREATION_SECONDS) for throughput in paid]
    for (throughput, ours), script, waiter in zip(paid.items(), scripts, waiters, strict=True):
        print(
            f"# {throughput.name}, paid for: {ours:.0f} s; by a sequential script {script.result():.0f} s; "
            f"with a fixed wait {waiter.result():.0f} s"
        )
        for way, took in (("sequential_script", script.result()), ("fixed_wait", waiter.result())):
            yield Figure(f"paid_by_{way}_over_ours_{throughput.label}", took / ours, 1, kind="at least")


def ask_as_deployed(endpoint: SimulatedEndpoint) -> None:
    """Every lane in an invocation of its own, as many at a time as the state machine says."""
    questions = [{"id": f"q{n}", "question": "What?", "reference": "That."} for n in range(QUESTIONS)]
    lines = "".join(json.dumps(question) + "\n" for question in questions).encode()
    at_once = definition()["States"]["Answer with the tuned model"]["MaxConcurrency"]

    def invoke(lane: list[int]) -> int:
        time.sleep(START_SECONDS)
        folder = MemoryFolder(files={Keys.EVALUATION: lines})
        shards = [Shard(folder, "tuned", number, SETTINGS.shard_size) for number in lane]
        answered, _ = Inference(endpoint, "arn", manifest(), SETTINGS.answer_concurrency).run(*shards)
        return answered

    with ThreadPoolExecutor(at_once) as pool:
        found = workers(-(-QUESTIONS // SETTINGS.shard_size), SETTINGS.shard_size)
        assert sum(pool.map(invoke, found)) == QUESTIONS


def waiting() -> Iterator[Figure]:
    """Paid seconds between InService and the first answer, whatever the creation took, with and without history."""
    lost: list[float] = []
    for took, usual in product((60, 180, 600, 1000, 1200, 1260, 1500, 2400, 3600), (None, 0.8, 1.0, 1.25)):
        expected = took * usual if usual else None
        lost.append(before(took, expected))
    learned = [before(took, took * usual) for took, usual in product(range(60, 3600, 37), (0.8, 1, 1.25))]
    print(
        f"# InService to the first question: {statistics.mean(lost):.1f} s, at worst {max(lost):.1f} s; after earlier "
        f"runs {statistics.mean(learned):.1f} s, at worst {max(learned):.1f} s"
    )
    yield Figure("paid_seconds_before_first_answer_after_earlier_runs", statistics.mean(learned), 5, " s")
    yield Figure("paid_seconds_before_first_answer_at_worst", max(lost), 15, " s")


def before(took: float, expected: float | None) -> float:
    """Paid seconds until the first question is asked."""
    return seen(took, expected) - took + START_SECONDS


def seen(took: float, expected: float | None) -> float:
    """When the look comes that finds an endpoint in service after `took` seconds."""
    now = 0.0
    while now < took:
        now += next_delay(SETTINGS.serving_polling, now, expected) + START_SECONDS + CALL_SECONDS
    return now


def releasing() -> float:
    """Paid seconds between the last answer and the delete."""
    deleted: list[float] = []

    class Slow(FakeEndpoints):
        def tags(self, arn: str) -> Mapping[str, str]:
            time.sleep(CALL_SECONDS)
            return super().tags(arn)

        def list(self, name: str) -> Iterator[PaidResource]:
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
    return deleted[0] - start


if __name__ == "__main__":
    sys.exit(main())
