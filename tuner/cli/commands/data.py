"""`tuner data`: a dataset looked at before anything is spent, from a file here or an `s3://` address."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, NoReturn, get_args

import typer
from rich.table import Table

from tuner.cli.commands.generate import generate
from tuner.cli.terminal.console import console, emit, say
from tuner.cli.terminal.files import data_limits, data_sink, data_source, reading
from tuner.cli.terminal.folders import check_folder, is_folder
from tuner.cli.terminal.options import Json
from tuner.core.errors import DatasetError
from tuner.datasets import (
    Checked,
    Findings,
    Prepared,
    Role,
    cut,
    examples,
    verdict,
)
from tuner.datasets import check as check_file
from tuner.datasets import convert as convert_file
from tuner.settings import FieldNames

app = typer.Typer(
    help="Datasets, before anything is spent. Exit status 0: ready; 1: not ready; 2: wrong call.",
    no_args_is_help=True,
)
app.command()(generate)


class RoleName(StrEnum):
    """What a file is for."""

    TRAINING = "training"
    VALIDATION = "validation"
    EVALUATION = "evaluation"


File = Annotated[str, typer.Argument(metavar="FILE", help="A file here, or an s3:// address.", show_default=False)]
FileOrFolder = Annotated[
    str, typer.Argument(metavar="PATH", help="A file or a dataset's folder: here, or an s3:// address.")
]
ModelId = Annotated[str, typer.Option("--model", metavar="ID", help="The model to customize.", show_default=False)]
SystemPrompt = Annotated[
    str | None, typer.Option(metavar="TEXT", help="Put into every record that has no system prompt of its own.")
]
PromptField = Annotated[str | None, typer.Option(metavar="NAME", help="Field that holds the question.")]
CompletionField = Annotated[str | None, typer.Option(metavar="NAME", help="Field that holds the answer.")]
ForRole = Annotated[RoleName, typer.Option("--role", metavar="ROLE", help="training, validation or evaluation.")]


@app.command()
def check(
    path: FileOrFolder,
    model: ModelId,
    role: ForRole = RoleName.TRAINING,
    system_prompt: SystemPrompt = None,
    prompt_field: PromptField = None,
    completion_field: CompletionField = None,
    as_json: Json = False,
) -> None:
    """Check a file, or a whole dataset with its run.yaml, against every rule of a model's family."""
    limits = data_limits(model, role.value, system_prompt)
    names = FieldNames(prompt=prompt_field, completion=completion_field)
    with reading("PATH"):
        if is_folder(path):
            done: Checked | Prepared = check_folder(path, limits, names)
        else:
            done = check_file(data_source(path, "PATH"), limits, names)
    if isinstance(done, Prepared):
        _show_dataset(done, as_json)
    _show(done, as_json)


@app.command()
def convert(
    file: File,
    model: ModelId,
    output: Annotated[str, typer.Option(metavar="FILE", help="Where to write: a file here, or an s3:// address.")],
    role: ForRole = RoleName.TRAINING,
    system_prompt: SystemPrompt = None,
    prompt_field: PromptField = None,
    completion_field: CompletionField = None,
    as_json: Json = False,
) -> None:
    """Write a file in a model family's format; with any error in it, nothing is written."""
    limits, source, sink = data_limits(model, role.value, system_prompt), data_source(file), data_sink(output)
    names = FieldNames(prompt=prompt_field, completion=completion_field)
    with reading():
        done = convert_file(source, limits, names, sink)
    _show(done, as_json)


@app.command()
def split(
    file: File,
    model: ModelId,
    output: Annotated[str, typer.Option(metavar="FOLDER", help="Where training.jsonl and validation.jsonl go.")],
    fraction: Annotated[float, typer.Option(metavar="SHARE", min=0.01, max=0.5, help="For validation.")] = 0.15,
    stratify: Annotated[
        str | None, typer.Option(metavar="FIELD", help="Field: each of its values gives a share.")
    ] = None,
    prompt_field: PromptField = None,
    completion_field: CompletionField = None,
    as_json: Json = False,
) -> None:
    """Split a file into training and validation data by its content; appended records move no earlier one."""
    limits, source = data_limits(model, "training"), data_source(file)
    folder = output.rstrip("/")
    sinks = (data_sink(f"{folder}/training.jsonl"), data_sink(f"{folder}/validation.jsonl"))
    names = FieldNames(prompt=prompt_field, completion=completion_field)
    try:
        with reading():
            done = cut(source, limits, names, fraction, stratify, sinks)
    except DatasetError as error:
        raise typer.BadParameter(str(error), param_hint="--stratify") from None
    if as_json:
        emit({"training": done.training, "validation": done.validation, **done.findings.document()})
    else:
        show(done.findings)
        say(f"{done.training:,} records for training, {done.validation:,} for validation.")
    raise typer.Exit(1 if done.findings.errors else 0)


def _show(checked: Checked, as_json: bool) -> NoReturn:
    if as_json:
        emit(checked.document())
    else:
        show(checked.findings)
        if checked.study:
            show_study(checked.study)
    raise typer.Exit(0 if checked.ready else 1)


def _show_dataset(prepared: Prepared, as_json: bool) -> NoReturn:
    if as_json:
        emit({**prepared.summary, "ready": not prepared.findings.errors, **prepared.findings.document()})
    else:
        show(prepared.findings)
        show_study(prepared.summary["study"])
    raise typer.Exit(1 if prepared.findings.errors else 0)


def show(findings: Findings) -> None:
    """The verdict on top, then the first findings of each rule, and how many of each there are."""
    words = verdict(findings)
    say(words["sentence"], "bad" if findings.errors else "warn" if findings.warnings else "good")
    for number, advice in enumerate(words["fix_first"], 1):
        say(f"  {number}. {advice}")
    if not findings.counts:
        return
    table = Table("", "where", "what", "what to do", box=None, padding=(0, 2, 0, 0), header_style="quiet")
    for finding in examples(findings.kept, limit=20):
        style = "bad" if finding.severity == "error" else "warn"
        table.add_row(finding.severity, finding.place, finding.message, finding.remedy, style=style)
    console().print(table)
    counted = ", ".join(f"{rule} {count:,}" for rule, count in findings.counts.most_common())
    say(f"Counted by rule: {counted}", "quiet")


def show_study(study: Mapping[str, Any]) -> None:
    """What the records of each file are like: a row per file."""
    table = Table(
        "file", "records", "question", "answer", "with lists", "languages",
        box=None, padding=(0, 2, 0, 0), header_style="quiet",
    )  # fmt: skip
    for role in get_args(Role):
        if (file := study.get(role)) and file["records"]:
            lengths = [
                "-".join(f"{of[name]:,.0f}" for name in ("p5", "median", "p95"))
                for of in (file["prompt_tokens"], file["completion_tokens"])
            ]
            languages = ", ".join(f"{name} {count:,}" for name, count in list(file["languages"].items())[:4])
            table.add_row(role, f"{file['records']:,}", *lengths, f"{file['answers_with_lists']:.0%}", languages)
    if table.row_count:
        console().print(table)
        say("Lengths in tokens, by the family's estimate: 5 %, median and 95 % of the records.", "quiet")
