"""Shows findings and the profile of a dataset in the terminal."""

from __future__ import annotations

from typing import NoReturn

import typer
from rich.table import Table

from tuner.artifacts.dataset import DatasetProfile
from tuner.cli.console import console, emit, say
from tuner.datasets import CheckedFile, Findings, first_findings, readiness
from tuner.datasets.field_usage import FieldReport

_MOST_FINDINGS = 20
_MOST_LANGUAGES = 4


def finish_with_file(checked: CheckedFile, as_json: bool) -> NoReturn:
    """Shows what was found in one file. Exits with 1 when the file has errors."""
    if as_json:
        emit(checked.as_json())
    else:
        show_findings(checked.findings)
        show_fields(checked.fields)
        if checked.profile:
            show_profile(checked.profile)
    raise typer.Exit(0 if checked.ready else 1)


def show_findings(findings: Findings) -> None:
    """One sentence, what to fix first, examples of the findings, and the count of each rule."""
    ready = readiness(findings)
    say(ready.sentence, "bad" if findings.errors else "warn" if findings.warnings else "good")
    for number, advice in enumerate(ready.fix_first, 1):
        say(f"  {number}. {advice}")
    if not findings.counts:
        return
    table = Table("", "where", "what", "what to do", box=None, padding=(0, 2, 0, 0), header_style="quiet")
    for finding in first_findings(findings.kept, limit=_MOST_FINDINGS):
        style = "bad" if finding.severity == "error" else "warn"
        table.add_row(finding.severity, finding.place, finding.message, finding.remedy, style=style)
    console().print(table)
    counted = ", ".join(f"{rule} {count:,}" for rule, count in findings.counts.most_common())
    say(f"Findings by rule: {counted}", "quiet")


def show_fields(fields: FieldReport, prefix: str = "") -> None:
    """Which fields were taken as what, and which were left out."""
    for sentence in fields.sentences():
        say(f"{prefix}{sentence}", "quiet")


def show_profile(profile: DatasetProfile) -> None:
    """Lengths, lists and languages of the records: one row per file."""
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
