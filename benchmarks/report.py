"""How fast the page of a large report is written, and how large it is.

Run with `python -m benchmarks.report`. 1,000 questions with answers of 1 to 12 sentences by both models, a reason for
every grade, and every difference marked: what `write_report` and `tuner evaluate --output` do.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

from benchmarks.lines import Figure
from benchmarks.scoring import example_questions
from tuner.evaluation.metrics import Equipment, chosen
from tuner.evaluation.scores import grade, summarize
from tuner.reporting import Report, build_comparison, page

QUESTIONS, ROUNDS = 1_000, 3


def main() -> int:
    """Prints every figure; returns 1 when one falls short."""
    figures = list(large_report())
    for figure in figures:
        print(figure)
    return 0 if all(figure.holds for figure in figures) else 1


def large_report() -> Iterator[Figure]:
    """The best of a few rounds, the first one being a cold start."""
    report = _report()
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        text = page(report)
        seconds.append(round(time.perf_counter() - start, 3))
    print(f"# page of {QUESTIONS:,} questions, seconds: {seconds}")
    yield Figure("report_page_seconds", min(seconds), 2, "s")
    yield Figure("report_page_size", len(text.encode()) / 1e6, 5, "MB")


def _report() -> Report:
    questions = example_questions(QUESTIONS)
    reasons = example_questions(QUESTIONS)
    scoring = summarize(grade(questions, chosen(["token_f1", "rouge", "style"]), Equipment(language="en")))
    for entry, reason in zip(scoring["questions"], reasons, strict=True):
        entry["base"]["reasoning"] = reason.reference
        entry["tuned"]["reasoning"] = reason.answers["tuned"]
    records = [{"id": q.id, "question": q.question, "reference": q.reference} for q in questions]
    answers = {model: [{"id": q.id, "answer": q.answers[model]} for q in questions] for model in ("base", "tuned")}
    return build_comparison("benchmark", records, answers, scoring, "benchmark")


if __name__ == "__main__":
    sys.exit(main())
