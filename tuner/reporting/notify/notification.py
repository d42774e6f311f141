"""Writes the notification of a report: Markdown that is also readable as plain text, as SNS sends it by email."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuner.artifacts.evaluation.measure_scores import MeasureScores
from tuner.artifacts.report import Failure, Report
from tuner.core.text_sanitizer import one_line, without_links
from tuner.reporting.advice.next_steps import reason_if_new
from tuner.reporting.collect.caveats import caveats, unused_file_sentences
from tuner.reporting.collect.release_state import release_state
from tuner.reporting.formatting import duration, measure_title, number, seconds_between, timestamp
from tuner.reporting.page.view import asked, compared_measures, tag_sentence

# https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
_LONGEST_SUBJECT = 100
_LONGEST_TEXT = 1_000  # of foreign text in one line; the report has all of it
_VERDICTS = {
    "better": "made the model better",
    "worse": "made the model worse",
    "undecided": "is undecided",
}
_OUTCOMES = {"SUCCEEDED": "is evaluated", "FAILED": "failed", "ABORTED": "was stopped", "TIMED_OUT": "took too long"}


def notification_subject(report: Report) -> str:
    """The subject. SNS accepts at most 100 printable ASCII characters that begin with a letter."""
    outcome = _VERDICTS.get(report.verdict.value or "") if report.status == "SUCCEEDED" else None
    text = f"Fine-tuning {report.run_id} {outcome or _OUTCOMES[report.status]}"
    return re.sub(r"[^ -~]+", "?", text)[:_LONGEST_SUBJECT]


def notification_text(report: Report) -> str:
    """The result of the run, its scores and costs, and where the report is."""
    parts = [f"# {notification_subject(report)}", *_outcome(report)]
    if report.next_steps:
        parts.append(_next_steps(report))
    if report.scores:
        parts.append(_scores(report))
    if report.stand_ins:
        parts.append("**Stand-ins:** " + "; ".join(markdown_line(name) for name in report.stand_ins) + ".")
    if paid := _paid(report):
        parts.append(paid)
    if report.commitment:
        parts.append(
            f"The gate accepted the model, so provisioned throughput was bought for the term "
            f"{report.commitment.commitment}: {markdown_line(report.commitment.arn)}. It cannot be deleted before the "
            "term ends."
        )
    parts.append(_where(report))
    return "\n\n".join(parts) + "\n"


def namesake_notification(run_id: str, failure: Failure, folder: str, ran_at: str) -> tuple[str, str]:
    """Subject and text for an execution that has the name of an earlier run, and so no folder for a report."""
    text = f"This execution has the name of a run of {ran_at}, so it has no report. {folder} was not changed."
    subject = f"Fine-tuning {run_id} was not repeated"
    return subject[:_LONGEST_SUBJECT], f"# {subject}\n\n{text}\n\n{_code_block(failure.message)}\n"


def _outcome(report: Report) -> Iterator[str]:
    if report.failure:
        yield f"**{markdown_line(report.failure.error)}**"
        yield _code_block(report.failure.message)
        yield from (markdown_line(sentence) for sentence in unused_file_sentences(report))
        return
    yield markdown_line(report.verdict.sentence)
    if report.recommendation:
        yield f"**Recommendation:** {markdown_line(report.recommendation.sentence)}"
        if report.recommendation.changes:
            yield "\n".join(f"- {markdown_line(change)}" for change in report.recommendation.changes)
    yield from (markdown_line(caveat) for caveat in caveats(report))
    if report.training and report.training.choice:
        yield f"**Candidates:** {markdown_line(report.training.choice)}"
    if report.gate:
        yield f"**Gate:** {markdown_line(f'{report.gate.sentence} {tag_sentence(report)}'.strip())}"
    if report.guard and report.guard.found:
        yield "**Guard questions:** " + markdown_line(" ".join(each.sentence for each in report.guard.found))


def _next_steps(report: Report) -> str:
    """A numbered list. Commands are code in lines of their own, which a plain email shows as they are."""
    lines = ["**What to do next**"]
    for number_, step in enumerate(report.next_steps, 1):
        reason = markdown_line(reason_if_new(report, step))
        lines.append(f"{number_}. **{markdown_line(step.action)}** {reason}".rstrip())
        lines += [f"   `{_code(command)}`" for command in step.commands]
    return "\n".join(lines)


def _code(command: str) -> str:
    """The command in one line. A backtick would end the code, so an apostrophe stands for it."""
    return " ".join(command.replace("`", "'").split())


def markdown_line(text: str) -> str:
    """Escapes other people's text inside a line of Markdown, so that it cannot contain a link, a tag or a cell."""
    return re.sub(r"([\\`*_<>\[\]|#!~])", r"\\\1", one_line(text, _LONGEST_TEXT))


def _code_block(text: str) -> str:
    """Markdown ignores markup in a block of code, so the text needs no escapes that a plain email would show."""
    return "\n".join(f"    {line}" for line in without_links(text).splitlines())


def _scores(report: Report) -> str:
    rows = [_row(name, measure) for name, measure in compared_measures(report)]
    head = f"Over {asked(report)}:\n\n" if report.questions else ""
    return head + "\n".join(["| measure | base | tuned | difference |", "|---|---:|---:|---:|", *rows])


def _row(name: str, measure: MeasureScores) -> str:
    label = markdown_line(measure.label or measure_title(name))
    base, tuned = number(measure.base.mean), number(measure.tuned.mean)
    return f"| {label} | {base} | {tuned} | {number(measure.difference, signed=True)} |"


def _paid(report: Report) -> str | None:
    serving = report.serving
    if serving is None:
        return None
    created, state = timestamp(serving.created_at), release_state(serving)
    if serving.kind == "on_demand":
        return f"The custom model deployment was created {created} and is {state}."
    return f"Provisioned throughput was bought {created} and is {state}: paid for {duration(serving.paid_seconds)}."


def _where(report: Report) -> str:
    lines = [
        f"- Report: `tuner report {report.run_id}`, or {report.folder}report/index.html",
        f"- All files of the run: {report.folder}",
    ]
    if report.execution_arn:
        lines.append(f"- Execution: {report.execution_arn}")
    if took := seconds_between(report.started_at, report.ended_at):
        lines.append(f"- Took {duration(took)}, from {timestamp(report.started_at)}")
    return "\n".join(lines)
