"""Measures the use of the paid window: the time compared to the least possible time, and the wasted paid seconds.

Run with `python -m benchmarks.paid_window`, ten minutes. The code is the deployed one: `Inference` with a
`ConcurrencyLimiter` for each worker, as many concurrent workers as in the state machine's Map, `next_delay` for the
polling, and `Release`. Only the endpoint is simulated, with a known latency and a token bucket for its quota, so that
the least possible time is known exactly. A run may ask two contestants on the endpoint: the tuned model, and the tuned
model with passages. All others are asked before the endpoint is bought (`tests/unit/lambdas/test_dataset_steps.py`),
and of several candidates only the chosen one is served. The durations of a control-plane call and of a function's start
are assumptions (simulated_endpoint.py).

It is compared to two common solutions, which run on the same simulated endpoint with a clock that is forty times as
fast. One is a script that asks one question after the other. The other is a state machine that waits 1,000 seconds and
then does the same.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
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
from tuner.artifacts.evaluation.contestants import MAIN_CONTESTANTS, RETRIEVAL_TUNED, TUNED, ContestantName
from tuner.aws.bedrock.resources import PaidResource
from tuner.core.artifact_keys import Keys
from tuner.serving.endpoint_polling import next_delay
from tuner.serving.inference import Inference, Shard, workers
from tuner.serving.release import Release
from tuner.settings import DeploymentSettings

SETTINGS = DeploymentSettings()
# The creation time of the endpoint in the comparison. It is less than the fixed wait, which would fail otherwise.
CREATION_SECONDS = 600.0

THROUGHPUTS = (Throughput("short answers", 0.5, 40), Throughput("long answers", 3.0, 12), Throughput("small", 1.0, 4))


def main() -> int:
    """Prints every figure; returns 1 when one falls short."""
    after = Figure("paid_seconds_after_last_answer", releasing(), 3, " s")
    took = {throughput: answering(throughput) for throughput in THROUGHPUTS}
    both = {throughput: answering(throughput, (TUNED, RETRIEVAL_TUNED)) for throughput in THROUGHPUTS}
    used = [
        Figure(f"paid_window_use_{throughput.label}{of}", seconds / throughput.least_seconds(questions), 1.1)
        for of, questions, times in (("", QUESTIONS, took), ("_two_contestants", 2 * QUESTIONS, both))
        for throughput, seconds in times.items()
    ]
    around = paid_before_first_question(CREATION_SECONDS, CREATION_SECONDS) + after.value
    paid = {throughput: around + seconds for throughput, seconds in took.items()}
    figures = [*used, *comparison(paid), *polling(), after]
    for figure in figures:
        print(figure)
    return 0 if all(figure.holds for figure in figures) else 1


def answering(throughput: Throughput, contestants: Sequence[ContestantName] = (TUNED,)) -> float:
    """Seconds from the first question to the last answer with the concurrency of the Map."""
    endpoint = SimulatedEndpoint(throughput)
    ask_as_deployed(endpoint, contestants)
    took, least = endpoint.paid_seconds, throughput.least_seconds(len(contestants) * QUESTIONS)
    print(
        f"# {throughput.name}, {throughput.latency:g} s each, {throughput.quota:g} a second, "
        f"{' and '.join(contestants)}: {took:.1f} s of at least {least:.1f}, {endpoint.refused} refused"
    )
    return took


def comparison(paid: Mapping[Throughput, float]) -> Iterator[Figure]:
    """How much more the common solutions pay on the same endpoints. Each runs with its own fast clock."""
    with ThreadPoolExecutor(2 * len(paid)) as pool:
        scripts = [pool.submit(sequential, throughput) for throughput in paid]
        waiters = [pool.submit(fixed_wait, throughput, CREATION_SECONDS) for throughput in paid]
    for (throughput, ours), script, waiter in zip(paid.items(), scripts, waiters, strict=True):
        print(
            f"# {throughput.name}, paid for: {ours:.0f} s; by a sequential script {script.result():.0f} s; "
            f"with a fixed wait {waiter.result():.0f} s"
        )
        for solution, took in (("sequential_script", script.result()), ("fixed_wait", waiter.result())):
            yield Figure(f"paid_by_{solution}_over_ours_{throughput.label}", took / ours, 1, kind="at least")


def ask_as_deployed(endpoint: SimulatedEndpoint, contestants: Sequence[ContestantName]) -> None:
    """Runs every worker as an invocation, with the concurrency of the state machine."""
    questions = [{"id": f"q{n}", "question": "What?", "reference": "That."} for n in range(QUESTIONS)]
    lines = "".join(json.dumps(question) + "\n" for question in questions).encode()
    at_once = definition()["States"]["Answer with the tuned model"]["MaxConcurrency"]

    def invoke(work: tuple[ContestantName, list[int]]) -> int:
        name, numbers = work
        time.sleep(START_SECONDS)
        folder = MemoryFolder(files={Keys.EVALUATION: lines})
        # The tuned model with passages is asked like the tuned model: passages take no time on this endpoint.
        contestant = MAIN_CONTESTANTS[1].model_copy(update={"name": name})
        shards = [Shard(folder, contestant, number, SETTINGS.shard_size) for number in numbers]
        answered, _ = Inference(endpoint, "arn", manifest(), SETTINGS.answer_concurrency).run(*shards)
        return answered

    with ThreadPoolExecutor(at_once) as pool:
        lanes = workers(-(-QUESTIONS // SETTINGS.shard_size), SETTINGS.shard_size, len(contestants))
        work = [(name, lane) for name in contestants for lane in lanes]
        assert sum(pool.map(invoke, work)) == len(contestants) * QUESTIONS


def polling() -> Iterator[Figure]:
    """Paid seconds from InService to the first answer, for many creation times, with and without earlier runs."""
    lost: list[float] = []
    for took, usual in product((60, 180, 600, 1000, 1200, 1260, 1500, 2400, 3600), (None, 0.8, 1.0, 1.25)):
        expected = took * usual if usual else None
        lost.append(paid_before_first_question(took, expected))
    learned = [
        paid_before_first_question(took, took * usual) for took, usual in product(range(60, 3600, 37), (0.8, 1, 1.25))
    ]
    print(
        f"# InService to the first question: {statistics.mean(lost):.1f} s, at worst {max(lost):.1f} s; after earlier "
        f"runs {statistics.mean(learned):.1f} s, at worst {max(learned):.1f} s"
    )
    yield Figure("paid_seconds_before_first_answer_after_earlier_runs", statistics.mean(learned), 5, " s")
    yield Figure("paid_seconds_before_first_answer_at_worst", max(lost), 15, " s")


def paid_before_first_question(took: float, expected: float | None) -> float:
    """Paid seconds before the first question."""
    return detected_at(took, expected) - took + START_SECONDS


def detected_at(took: float, expected: float | None) -> float:
    """The time of the poll that finds an endpoint in service, if its creation takes `took` seconds."""
    now = 0.0
    while now < took:
        now += next_delay(SETTINGS.serving_polling, now, expected) + START_SECONDS + CALL_SECONDS
    return now


def releasing() -> float:
    """Paid seconds from the last answer to the deletion."""
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
