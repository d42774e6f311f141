"""The report as a notification: Markdown that reads well as plain text too."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuner.artifacts.report import Report
from tuner.artifacts.scores import MeasureScores
from tuner.reporting.collect.caveats import notes
from tuner.reporting.collect.release_state import ending
from tuner.reporting.formatting import between, duration, number, plural, title, when
from tuner.reporting.page.view import compared_by, mark

_LONGEST_SUBJECT = 100
_VERDICTS = {
    "better": "made the model better",
    "worse": "made the model worse",
    "undecided": "is undecided",
}
_OUTCOMES = {"SUCCEEDED": "is evaluated", "FAILED": "failed", "ABORTED": "was stopped", "TIMED_OUT": "took too long"}


def subject(report: Report) -> str:
    """At most 100 printable ASCII characters that start with a letter, as SNS wants a subject."""
    outcome = _VERDICTS.get(report.verdict.value or "") if report.status == "SUCCEEDED" else None
    text = f"Fine-tuning {report.run_id} {outcome or _OUTCOMES[report.status]}"
    return re.sub(r"[^ -~]+", "?", text)[:_LONGEST_SUBJECT]


def summary(report: Report) -> str:
    """What came of the run, what it says, and where to read on."""
    parts = [f"# {subject(report)}", *_outcome(report)]
    if report.scores:
        parts.append(_scores(report))
    if report.stand_ins:
        parts.append("**Not the real thing:** " + "; ".join(one_line(name) for name in report.stand_ins) + ".")
    if paid := _paid(report):
        parts.append(paid)
    if report.commitment:
        parts.append(
            f"Provisioned throughput was bought for its term ({report.commitment.commitment}), as the run asks for an "
            f"accepted model: {report.commitment.arn}. It cannot be deleted before the term ends."
        )
    parts.append(_where(report))
    return "\n\n".join(parts) + "\n"


def _outcome(report: Report) -> Iterator[str]:
    if report.failure:
        yield f"**{one_line(report.failure.error)}**"
        yield _as_it_is(report.failure.message)
        return
    yield one_line(report.verdict.sentence)
    yield from (one_line(note) for note in notes(report))
    if report.gate:
        yield f"**Gate:** {one_line(f'{report.gate.sentence} {mark(report)}'.strip())}"


def one_line(text: str) -> str:
    """Text of others inside a line of Markdown: it can neither end the line nor start a link, a tag or a cell."""
    return re.sub(r"([\\`*_<>\[\]|#])", r"\\\1", " ".join(text.split()))


def _as_it_is(text: str) -> str:
    """As a block of code: nothing in it is markup, and it needs no escapes that would show in a plain mail."""
    return "\n".join(f"    {line}" for line in text.splitlines())


def _scores(report: Report) -> str:
    rows = [_row(name, metric) for name, metric in compared_by(report)]
    head = f"Over {plural(len(report.questions), 'question')}:\n\n" if report.questions else ""
    return head + "\n".join(["| metric | base | tuned | difference |", "|---|---:|---:|---:|", *rows])


def _row(name: str, metric: MeasureScores) -> str:
    base = number(metric.base.mean)
    tuned = number(metric.tuned.mean)
    return f"| {one_line(metric.label or title(name))} | {base} | {tuned} | {number(metric.difference, signed=True)} |"


def _paid(report: Report) -> str | None:
    serving = report.serving
    if serving is None or not serving.created_at:
        return None
    if serving.kind == "on_demand":
        return f"The custom model deployment was made {when(serving.created_at)} and is {ending(serving)}."
    ended = ending(serving)
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
