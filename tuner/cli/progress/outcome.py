"""Prints the outcome of a run that has ended: its scores and cost, or its failure and what to do about it."""

from __future__ import annotations

import json

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from tuner.artifacts.report import Report
from tuner.aws.bedrock.resources import PaidResource
from tuner.aws.clients import client
from tuner.cli.deployment import Deployment
from tuner.cli.errors import CommandError
from tuner.cli.progress.executions import Run
from tuner.cli.progress.paid_window import live_throughput, paid_window
from tuner.cli.progress.steps import Step, StepPlan
from tuner.cli.terminal.hints import pasteable
from tuner.cli.terminal.score_table import candidate_table, contestant_table, pair_table, score_table, use_table
from tuner.core.artifact_keys import Keys
from tuner.core.errors import ArtifactError
from tuner.reporting.advice.next_steps import reason_if_new
from tuner.reporting.collect.caveats import batch_caveats, people_caveats
from tuner.reporting.collect.contestant_uses import costs_not_known, prompts_in_words
from tuner.reporting.notify.failure_message import without_alarm
from tuner.reporting.page.candidates_table import candidate_rows
from tuner.reporting.page.slices_table import slices_sentence
from tuner.reporting.page.view import asked


def read_report(deployment: Deployment, run_id: str) -> Report | None:
    """The run's report; None when there is none yet. Raises CommandError when it has another form."""
    try:
        return deployment.folder(run_id).load_if_present(Report)
    except ArtifactError as error:
        # The page of another version's report can still be read by a person.
        raise CommandError(f"{error} Its page can be opened: tuner report {run_id}") from None


def conclude(
    target: Console, deployment: Deployment, run: Run, failed: Step | None = None, plan: StepPlan | None = None
) -> Report | None:
    """Prints the run's result, and the paid resources that still exist. `failed` is the step that failed.

    Returns the run's report, if it has one.
    """
    report, live = read_report(deployment, run.run_id), live_throughput(deployment, run.run_id)
    if run.status == "SUCCEEDED":
        target.print(f"\nThe run {run.run_id} succeeded.", style="good")
    else:
        _failure(target, run, report, failed.name if failed else "", alive=bool(live))
        # The log of a run that a person stopped explains nothing.
        if failed and plan and run.status != "ABORTED":
            _where_to_look(target, deployment, run, plan.function_of(failed.name))
    if report:
        _results(target, report)
        target.print(f"Report: {deployment.folder(run.run_id).uri(Keys.REPORT_PAGE)}", soft_wrap=True)
        target.print(pasteable(f"  open it with: tuner report {run.run_id}"), style="quiet", soft_wrap=True)
    if report and report.bill:
        target.print(f"Cost, at AWS's list prices: {report.bill.sentence}")
    if window := paid_window(deployment, run.run_id):
        target.print(f"Paid window: {window.sentence()}")
    _what_is_left(target, live)
    if report:
        _next_steps(target, report)
    return report


def _next_steps(target: Console, report: Report) -> None:
    """What the report says to do next, with commands for this place: its own may have --local already."""
    if not report.next_steps:
        return
    target.print("\nWhat to do next", style="name")
    for number, step in enumerate(report.next_steps, 1):
        target.print(f"{number}. {step.action}", markup=False)
        if reason := reason_if_new(report, step):
            target.print(Padding(Text(reason, style="quiet"), (0, 0, 0, 3), expand=False))
        for command in step.commands:
            target.print(f"   {pasteable(command.removesuffix(' --local'))}", markup=False, soft_wrap=True)


def _results(target: Console, report: Report) -> None:
    if report.generated and report.generated.sentence:
        target.print(f"\n{report.generated.sentence}")
    if report.scores:
        target.print(f"\nOver {asked(report)}:\n" if report.questions else "")
        target.print(score_table(report.scores))
        decides = report.scores.get(report.verdict.metric or "")
        if decides and decides.compared:
            target.print()
            target.print(contestant_table(decides))
        if decides and decides.pairs:
            target.print()
            target.print(pair_table(decides))
        if report.contestants:
            target.print()
            target.print(use_table(decides, report.contestants))
        costs, prompts = costs_not_known(report.contestants), prompts_in_words(report.contestants)
        for sentence in (*costs, *prompts, *batch_caveats(report)):
            target.print(sentence)
        for warning in report.scoring.warnings:
            target.print(f"Warning: {warning}", style="warn", markup=False)
    if not report.failure:
        target.print()
        target.print(report.verdict.sentence, style="name")
        for note in report.verdict.notes:
            target.print(note)
        if reuse := report.scoring.reuse:
            target.print(reuse.sentence, style="warn" if reuse.is_overused else "quiet")
        for found in report.scoring.slices:
            target.print(slices_sentence(found, report.verdict.metric, list(report.scores.items())))
    for sentence in people_caveats(report.people) if report.people else ():
        target.print(sentence)
    if report.training and report.training.choice:
        target.print(f"\nCandidates: {report.training.choice}")
        target.print(candidate_table(candidate_rows(report)))
    if report.recommendation:
        target.print()
        target.print(report.recommendation.sentence, style="name")
        for change in report.recommendation.changes:
            target.print(f"  {change}")
    if report.gate:
        style = {"accepted": "good", "rejected": "bad"}.get(report.gate.decision, "warn")
        target.print(f"Gate: {report.gate.sentence}", style=style)
    for finding in report.guard.shown if report.guard else ():
        target.print(
            f"Guard questions: {finding.sentence}", style={"worse": "bad", "better": "good"}.get(finding.value, "warn")
        )
    for stand_in in report.stand_ins:
        target.print(f"Stand-in: {stand_in}", style="warn")


def _failure(target: Console, run: Run, report: Report | None, failed_at: str, *, alive: bool) -> None:
    how = {"FAILED": "failed", "TIMED_OUT": "ran out of time", "ABORTED": "was stopped"}.get(run.status, run.status)
    target.print(Text.assemble(("\n", ""), (f"The run {run.run_id} {how}", "bad"), _place(failed_at)))
    error = run.error or (report.failure.error if report and report.failure else "")
    message = _message(run.cause) or (report.failure.message if report and report.failure else "no cause was given")
    if not alive:
        # The release that failed then has been repeated since.
        message = without_alarm(message)
    target.print(pasteable(f"{error or 'Error'}: {message}"), soft_wrap=not target.is_terminal)
    if report is None:
        hint = pasteable(f"Its report is written next. Open it with: tuner report {run.run_id}")
        target.print(hint, style="quiet", soft_wrap=True)


def _where_to_look(target: Console, deployment: Deployment, run: Run, function: str | None) -> None:
    group = _log_group(function) if function else None
    if group:
        target.print(f"Log of that step, in CloudWatch Logs: {group}", style="quiet", soft_wrap=True)
    if link := deployment.console_link(run.run_id):
        target.print(f"Execution: {link}", style="quiet", soft_wrap=True)


def _place(failed_at: str) -> str:
    return f" at '{failed_at}'." if failed_at else "."


def _message(cause: str | None) -> str:
    """The readable part of a cause: Lambda wraps an error's message in JSON."""
    try:
        return str(json.loads(cause or "")["errorMessage"])
    except (ValueError, RecursionError, KeyError, TypeError):
        return cause or ""


def _log_group(function: str) -> str | None:
    """The log group of the function; None when the caller may not read its configuration."""
    try:
        configuration = client("lambda").get_function_configuration(FunctionName=function)
    except (ClientError, BotoCoreError):  # only a hint: a caller without the permission still sees the cause
        return None
    return str(configuration.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{configuration['FunctionName']}")


def _what_is_left(target: Console, live: list[PaidResource]) -> None:
    if not live:
        target.print("Throughput left: none", style="good")
    for entry in live:
        target.print(f"Still there: {entry.arn} ({entry.status})", style="bad", soft_wrap=True)
