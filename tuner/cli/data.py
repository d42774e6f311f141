"""`tuner data`: a dataset looked at before anything is spent, from a file here or an `s3://` address."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar, get_args

import typer
from rich.table import Table

from tuner.cli.console import console, emit, say
from tuner.cli.files import data_limits, data_sink, data_source
from tuner.cli.generate import generate
from tuner.cli.options import Json
from tuner.datasets import (
    Checked,
    Findings,
    Limits,
    LocalFile,
    NoSink,
    Prepared,
    Role,
    Source,
    cut,
    examples,
    prepare,
    verdict,
)
from tuner.datasets import check as check_file
from tuner.datasets import convert as convert_file
from tuner.errors import AwsError
from tuner.run import role_of
from tuner.settings import FieldNames, RunSettings, load, parse_document

Result = TypeVar("Result")

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
    str, typer.Argument(metavar="PATH", help="A file or a dataset's folder here, or a file's s3:// address.")
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
    if Path(path).is_dir():
        _show_dataset(check_folder(Path(path), limits, names), as_json)
    _show(_read(check_file, data_source(path), limits, names), as_json)


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
    _show(_read(convert_file, source, limits, names, sink), as_json)


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
    done = _read(cut, source, limits, names, fraction, stratify, sinks)
    if as_json:
        emit({"training": done.training, "validation": done.validation, **done.findings.document()})
    else:
        show(done.findings)
        say(f"{done.training:,} records for training, {done.validation:,} for validation.")
    raise typer.Exit(1 if done.findings.errors else 0)


def _read(work: Callable[..., Result], *arguments: object) -> Result:
    try:
        return work(*arguments)
    except AwsError as error:
        raise typer.BadParameter(str(error), param_hint="FILE") from None


def _show(checked: Checked, as_json: bool) -> NoReturn:
    if as_json:
        emit(checked.document())
    else:
        show(checked.findings)
        if checked.study:
            show_study(checked.study)
    raise typer.Exit(0 if checked.ready else 1)


def check_folder(folder: Path, limits: Limits, names: FieldNames) -> Prepared:
    """What the preprocessing step would do with the folder, without writing anything."""
    files = {role_of(path.name): path for path in sorted(folder.iterdir())}
    if "training" not in files:
        raise typer.BadParameter(f"'{folder}' has no training file.", param_hint="PATH")
    settings = RunSettings()
    if path := files.get("settings"):
        settings = load(RunSettings, parse_document(path.read_text("utf-8"), path.name), path.name)
    given: dict[str, Any] = {"fields": names} if names != FieldNames() else {}
    given |= {"system_prompt": limits.system_prompt} if limits.system_prompt else {}
    sources: dict[Role, Source] = {role: LocalFile(files[role]) for role in get_args(Role) if role in files}
    documents = any(path.is_file() for path in (folder / "documents").rglob("*"))
    to_generate = settings.generate.count if documents and "validation" not in sources else 0
    settings = settings.model_copy(update=given)
    return prepare(sources, settings, limits.model, lambda _: NoSink(), to_generate=to_generate)


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
