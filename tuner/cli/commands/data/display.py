"""Shows findings and the profile of a dataset in the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn, get_args

import typer
from rich.table import Table

from tuner.cli.console import console, emit, say
from tuner.datasets import Checked, Findings, Role, examples, verdict

_MOST_FINDINGS = 20
_MOST_LANGUAGES = 4


def finish_with_file(checked: Checked, as_json: bool) -> NoReturn:
    """Shows what was found in one file. Exits with 1 when the file has errors."""
    if as_json:
        emit(checked.document())
    else:
        show_findings(checked.findings)
        if checked.study:
            show_profile(checked.study)
    raise typer.Exit(0 if checked.ready else 1)


def show_findings(findings: Findings) -> None:
    """One sentence, what to fix first, examples of the findings, and the count of each rule."""
    words = verdict(findings)
    say(words["sentence"], "bad" if findings.errors else "warn" if findings.warnings else "good")
    for number, advice in enumerate(words["fix_first"], 1):
        say(f"  {number}. {advice}")
    if not findings.counts:
        return
    table = Table("", "where", "what", "what to do", box=None, padding=(0, 2, 0, 0), header_style="quiet")
    for finding in examples(findings.kept, limit=_MOST_FINDINGS):
        style = "bad" if finding.severity == "error" else "warn"
        table.add_row(finding.severity, finding.place, finding.message, finding.remedy, style=style)
    console().print(table)
    counted = ", ".join(f"{rule} {count:,}" for rule, count in findings.counts.most_common())
    say(f"Findings by rule: {counted}", "quiet")


def show_profile(profile: Mapping[str, Any]) -> None:
    """Lengths, lists and languages of the records: one row per file."""
    table = Table(
        "file", "records", "question", "answer", "with lists", "languages",
        box=None, padding=(0, 2, 0, 0), header_style="quiet",
    )  # fmt: skip
    for role in get_args(Role):
        if (file := profile.get(role)) and file["records"]:
            lengths = [
                "-".join(f"{of[name]:,.0f}" for name in ("p5", "median", "p95"))
                for of in (file["prompt_tokens"], file["completion_tokens"])
            ]
            top = list(file["languages"].items())[:_MOST_LANGUAGES]
            languages = ", ".join(f"{name} {count:,}" for name, count in top)
            table.add_row(role, f"{file['records']:,}", *lengths, f"{file['answers_with_lists']:.0%}", languages)
    if table.row_count:
        console().print(table)
        say("Lengths are estimated tokens of the model's family: 5th percentile, median, 95th percentile.", "quiet")
