"""The report as a notification: Markdown that reads well as plain text too."""

from __future__ import annotations

import re

from tuner.reporting.model import Metric, Report
from tuner.reporting.words import between, duration, number, plural, title, when

_LONGEST_SUBJECT = 100
_OUTCOMES = {"SUCCEEDED": "is evaluated", "FAILED": "failed", "ABORTED": "was stopped", "TIMED_OUT": "took too long"}
_HEAD_METRICS = ("correctness", "bertscore_f1", "bertscore_precision", "bertscore_recall")


def subject(report: Report) -> str:
    """At most 100 printable ASCII characters that start with a letter, as SNS wants a subject."""
    value = report.verdict.value
    outcome = f"tuned model {value}" if report.status == "SUCCEEDED" and value else _OUTCOMES[report.status]
    text = f"Fine-tuning {report.run_id} {outcome}"
    return re.sub(r"[^ -~]+", "?", text)[:_LONGEST_SUBJECT]


def summary(report: Report) -> str:
    """What came of the run, what it says, and where to read on."""
    parts = [f"# {subject(report)}", one_line(report.verdict.sentence)]
    if report.failure:
        parts.append(f"**{one_line(report.failure.error)}**\n\n{_quoted(report.failure.message)}")
    if report.scores:
        parts.append(_scores(report))
    if report.stand_ins:
        parts.append("**Not the real thing:** " + "; ".join(one_line(name) for name in report.stand_ins) + ".")
    if money := _paid(report):
        parts.append(money)
    parts.append(_where(report))
    return "\n\n".join(parts) + "\n"


def one_line(text: str) -> str:
    """Text of others inside a line of Markdown: it can neither end the line nor start a link, a tag or a cell."""
    return re.sub(r"([\\`*_<>\[\]|#])", r"\\\1", " ".join(text.split()))


def _quoted(text: str) -> str:
    return "\n".join(f"> {one_line(line)}" for line in text.splitlines())


def _scores(report: Report) -> str:
    named = sorted(report.scores, key=lambda name: _HEAD_METRICS.index(name) if name in _HEAD_METRICS else 99)
    rows = [_row(name, report.scores[name]) for name in named]
    head = f"Over {plural(len(report.questions), 'question')}:\n\n" if report.questions else ""
    return head + "\n".join(["| metric | base | tuned | difference |", "|---|---:|---:|---:|", *rows])


def _row(name: str, metric: Metric) -> str:
    base = number(metric.base.mean if metric.base else None)
    tuned = number(metric.tuned.mean if metric.tuned else None)
    return f"| {one_line(metric.label or title(name))} | {base} | {tuned} | {number(metric.difference, signed=True)} |"


def _paid(report: Report) -> str | None:
    serving = report.serving
    if serving is None or not serving.created_at:
        return None
    if serving.kind == "on_demand":
        ended = f"deleted {when(serving.released_at)}" if serving.released_at else "NOT known to be deleted"
        return f"The custom model deployment was made {when(serving.created_at)} and is {ended}."
    ended = f"released {when(serving.released_at)}" if serving.released_at else "NOT known to be released"
    return (
        f"Provisioned throughput was bought {when(serving.created_at)} and is {ended}: "
        f"paid for {duration(serving.paid_seconds)}."
    )


def _where(report: Report) -> str:
    lines = [
        f"- Report: `tuner report {report.run_id}`, or {report.folder}report/index.html",
        f"- Everything the run made: {report.folder}",
    ]
    if report.execution_arn:
        lines.append(f"- Execution: {report.execution_arn}")
    if took := between(report.started_at, report.ended_at):
        lines.append(f"- Took {duration(took)}, from {when(report.started_at)}")
    return "\n".join(lines)
