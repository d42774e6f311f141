"""Shows findings and the profile of a dataset in the terminal."""

from __future__ import annotations

from typing import NoReturn

import typer
from rich.table import Table

from tuner.artifacts.dataset import DatasetProfile, DatasetSummary
from tuner.artifacts.task import TaskDescription
from tuner.cli.terminal.console import console, emit, say
from tuner.datasets import CheckedFile, Findings, findings_by_rule, readiness
from tuner.datasets.field_usage import FieldReport
from tuner.evaluation.statistics.planning import planning_sentence

_SHOWN_PER_RULE = 3
_MOST_LANGUAGES = 4
_MOST_NAMED = 20


def finish_with_file(checked: CheckedFile, as_json: bool) -> NoReturn:
    """Shows what was found in one file. Exits with 1 when the file has errors."""
    if as_json:
        emit(checked.as_json())
    else:
        show_findings(checked.findings)
        show_fields(checked.fields)
        if checked.profile:
            show_profile(checked.profile)
        if checked.task:
            show_task(checked.task)
    raise typer.Exit(0 if checked.ready else 1)


def show_task(task: TaskDescription) -> None:
    """What the answers are and why; the labels with their records, or the fields with their types."""
    say(f"Task: {task.name}. {task.sentence}")
    ranked = sorted(task.labels.items(), key=lambda entry: -entry[1])
    named = [f"{label} {count:,}" for label, count in ranked]
    named += [f"{field.name} ({field.kind}{'' if field.required else ', optional'})" for field in task.fields]
    more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
    if named:
        say(f"{'Labels' if task.labels else 'Fields'}: {', '.join(named[:_MOST_NAMED])}{more}", "quiet")


def show_findings(findings: Findings) -> None:
    """One sentence, then what to fix, rule by rule: the first finding with its remedy, and where else the same is."""
    ready = readiness(findings)
    say(ready.sentence, "bad" if findings.errors else "warn" if findings.warnings else "good")
    for number, found in enumerate(findings_by_rule(findings), 1):
        first, *others = found[:_SHOWN_PER_RULE]
        style = "bad" if first.severity == "error" else "warn"
        say(f"  {number}. {first.severity.capitalize()}: {first}", style)
        for other in others:
            say(f"     {other.place}: {other.message}", style)
        if more := findings.counts[first.rule] - 1 - len(others):
            say(f"     ... and {more:,} more of the kind.", style)


def show_fields(fields: FieldReport, prefix: str = "") -> None:
    """Which fields were taken as what, and which were left out."""
    for sentence in fields.sentences():
        say(f"{prefix}{sentence}", "quiet")


def show_profile(profile: DatasetProfile) -> None:
    """Questions in two files; lengths, lists and languages of the records, one row per file."""
    if profile.shared_with_validation:
        say(profile.shared_with_validation.sentence, "warn")
    table = Table(
        "file", "records", "question", "answer", "with lists", "languages",
        box=None, padding=(0, 2, 0, 0), header_style="quiet",
    )  # fmt: skip
    for role, file in (
        ("training", profile.training),
        ("validation", profile.validation),
        ("evaluation", profile.evaluation),
    ):
        if file and file.records:
            lengths = [
                f"{tokens.p5:,.0f}-{tokens.median:,.0f}-{tokens.p95:,.0f}"
                for tokens in (file.prompt_tokens, file.completion_tokens)
            ]
            top = list(file.languages.items())[:_MOST_LANGUAGES]
            languages = ", ".join(f"{name} {count:,}" for name, count in top)
            table.add_row(role, f"{file.records:,}", *lengths, f"{file.answers_with_lists:.0%}", languages)
    if table.row_count:
        console().print(table)
        say("Lengths are estimated tokens of the model's family: 5th percentile, median, 95th percentile.", "quiet")


def show_power(summary: DatasetSummary) -> None:
    """Which difference between the models the evaluation questions can show."""
    if sentence := planning_sentence(summary):
        say(sentence, "quiet")
