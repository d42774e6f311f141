"""Measures the time and the size of a large report's page, and the cost of one more run among thousands.

Run with `python -m benchmarks.report`. The report has 1,000 questions with answers of 1 to 8 sentences by both
models, and a reason for every grade, as `write_report` and `tuner evaluate --output` render it. The page over all runs
is updated in a bucket in memory, whose requests take as long as S3's.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from io import BytesIO
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

from benchmarks.example_questions import example_questions
from benchmarks.figures import Figure
from tuner.artifacts.dataset import EvaluationQuestion
from tuner.artifacts.evaluation.answers import Answer
from tuner.artifacts.evaluation.contestants import MAIN
from tuner.artifacts.evaluation.scores import Scores
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.times import now
from tuner.evaluation.grading.grades import grade
from tuner.evaluation.metrics import ScoringContext, chosen
from tuner.evaluation.scores import summarize
from tuner.reporting import Report, page, publish
from tuner.reporting.collect.run_summary import run_summary
from tuner.reporting.files_comparison import build_comparison

QUESTIONS, ROUNDS = 1_000, 3
RUNS, LATENCY = 5_000, 0.02


def main() -> int:
    """Prints every figure; returns 1 when one falls short."""
    figures = [*large_report(), *many_runs()]
    for figure in figures:
        print(figure)
    return 0 if all(figure.holds for figure in figures) else 1


def large_report() -> Iterator[Figure]:
    """The best of several rounds, because the first one is a cold start."""
    report = _report()
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        text = page(report)
        seconds.append(round(time.perf_counter() - start, 3))
    print(f"# page of {QUESTIONS:,} questions, seconds: {seconds}")
    yield Figure("report_page_seconds", min(seconds), 2, "s")
    yield Figure("report_page_size", len(text.encode()) / 1e6, 5, "MB")


def many_runs() -> Iterator[Figure]:
    """A run ends after thousands of others: its report is added to the index, and the page is written again."""
    bucket, report = _Bucket(), _report(20)
    first = RunFolder("artifacts", "faq-000000000000", bucket)
    made = run_summary(report)
    index = {}
    for at in range(RUNS):
        run = f"faq-{at:012x}"
        index[run] = made.model_copy(update={"run_id": run, "dataset": f"faq-{at % 50}"}).model_dump(mode="json")
        bucket.objects[f"runs/{run}/report/card.json"] = b"in the index: not to be read"
    first.run_index.write_index(json.dumps(index).encode(), None)
    # Only the requests of the last run count.
    bucket.requests = 0
    start = time.perf_counter()
    publish(first.sibling("faq-ffffffffffff"), report.model_copy(update={"run_id": "faq-ffffffffffff"}))
    yield Figure(f"one_run_beside_{RUNS}_seconds", time.perf_counter() - start, 20, "s")
    yield Figure(f"one_run_beside_{RUNS}_requests", bucket.requests, 40)
    yield Figure(f"page_of_{RUNS}_runs_size", len(bucket.objects[Keys.OVERVIEW]) / 1e6, 5, "MB")


class _Bucket:
    """The S3 operations of publishing, in memory. A list request returns at most 1,000 names."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.requests = 0

    def put_object(self, *, Key: str, Body: bytes, **_: Any) -> None:
        self._answer()
        self.objects[Key] = Body

    def get_object(self, *, Key: str, **_: Any) -> dict[str, Any]:
        self._answer()
        if Key not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": Key}}, "GetObject")
        return {"Body": BytesIO(self.objects[Key]), "ETag": str(hash(self.objects[Key]))}

    def get_paginator(self, _: str) -> Any:
        return SimpleNamespace(paginate=self._pages)

    def _pages(self, *, Prefix: str, Delimiter: str = "", **_: Any) -> Iterator[dict[str, Any]]:
        found = sorted(key for key in self.objects if key.startswith(Prefix))
        if Delimiter:
            found = sorted({Prefix + key[len(Prefix) :].partition(Delimiter)[0] + Delimiter for key in found})
        for page_start in range(0, len(found) or 1, 1_000):
            self._answer()
            names = found[page_start : page_start + 1_000]
            if Delimiter:
                yield {"CommonPrefixes": [{"Prefix": name} for name in names if name.count("/") > 1]}
            else:
                yield {"Contents": [{"Key": name, "LastModified": now()} for name in names]}

    def _answer(self) -> None:
        self.requests += 1
        time.sleep(LATENCY)


def _report(count: int = QUESTIONS) -> Report:
    questions = example_questions(count)
    reasons = example_questions(count)
    graded = grade(questions, chosen(["token_f1", "rouge", "style"]), ScoringContext(language="en"))
    scoring = json.loads(summarize(graded).to_json())
    for entry, reason in zip(scoring["questions"], reasons, strict=True):
        entry["base"]["reasoning"] = reason.reference
        entry["tuned"]["reasoning"] = reason.answers["tuned"]
    asked = [EvaluationQuestion(id=q.id, question=q.question, reference=q.reference) for q in questions]
    answers = {model: [Answer(id=q.id, answer=q.answers[model]) for q in questions] for model in MAIN}
    return build_comparison("benchmark", asked, answers, Scores.model_validate(scoring), "benchmark")


if __name__ == "__main__":
    sys.exit(main())
