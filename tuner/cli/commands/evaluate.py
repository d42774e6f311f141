"""`tuner evaluate`: compares files of answers without a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tuner.artifacts.evaluation.contestants import MAIN, ContestantName
from tuner.cli.options import NO_NAMES, Json, Local, choose_cloud, with_field_options
from tuner.cli.terminal.console import console, emit, say
from tuner.cli.terminal.interruption import interruptible
from tuner.cli.terminal.outputs import Force, target, write_files
from tuner.cli.terminal.score_table import score_table
from tuner.cli.terminal.standard_input import input_file
from tuner.cli.terminal.verdict import conclude, show_contestants
from tuner.core.artifact_keys import contestant_name
from tuner.core.file_formats import FORMAT_NAMES
from tuner.datasets import LocalFile
from tuner.settings import FieldNames, RunSettings, load, parse_document, read_document

if TYPE_CHECKING:  # they load numpy
    from tuner.artifacts.evaluation.scores import Scores
    from tuner.evaluation.standalone import Evaluation, Files

_RESULTS = ("scores.json", "review.csv", "index.html")
_OPTION = "--contestant"
Options = Mapping[str, str | tuple[str, ...] | None]
_Answers = typer.Option(metavar="FILE", help=f"Answers in {FORMAT_NAMES}, with `question`/`answer` or `id`/`answer`.")
AnswerFile = Annotated[Path, _Answers]
References = Annotated[Path, typer.Option(metavar="FILE", help="The correct answers, in the same format.")]
Contestants = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=FILE",
        help="Answers of a further contestant, which the tuned model is compared with too. Can be given several times.",
    ),
]
MetricNames = Annotated[
    list[str] | None, typer.Option(metavar="NAME", help="Metric. Can be given several times. Default: all metrics.")
]
JudgeModels = Annotated[
    list[str] | None,
    typer.Option(
        metavar="MODEL",
        help="Model or inference profile of the judge. Can be given up to five times: the mean of the judges counts. "
        "Default: no judge.",
    ),
]
Scorer = Annotated[
    str | None, typer.Option(metavar="FUNCTION", help="Lambda function (name or ARN) that scores the answers.")
]
Encoder = Annotated[str | None, typer.Option(metavar="MODEL", help="Encoder of BERTScore. Default: all-MiniLM-L6-v2.")]
Language = Annotated[str | None, typer.Option(metavar="LANGUAGE", help="Language of the answers. Default: detected.")]
GroupBy = Annotated[
    str | None,
    typer.Option(
        metavar="FIELD",
        help="Field of the references: questions with the same value are related and count as one. Default: found by "
        "conversation, document, passage and similarity.",
    ),
]
SettingsFile = Annotated[
    Path | None,
    typer.Option("--settings", metavar="FILE", help="A run.yaml: fields, judge, bertscore, evaluation and gate apply."),
]
TrainingFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Training data: facts in it are not reported as unsupported.")
]
PeopleFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="A completed review.csv, or sample.csv of the same --output: the scores that people gave."
    ),
]
SampleSize = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=10,
        help="Draw N questions at random for people to score, into sample.csv in the folder of --output.",
    ),
]
OutputFolder = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="Folder for scores.json, review.csv and index.html (the report).")
]


@with_field_options
def evaluate(
    base: AnswerFile,
    tuned: AnswerFile,
    references: References,
    contestant: Contestants = None,
    metric: MetricNames = None,
    judge: JudgeModels = None,
    scorer: Scorer = None,
    encoder: Encoder = None,
    language: Language = None,
    group_by: GroupBy = None,
    settings_file: SettingsFile = None,
    training: TrainingFile = None,
    people: PeopleFile = None,
    random: SampleSize = None,
    output: OutputFolder = None,
    names: FieldNames = NO_NAMES,
    force: Force = False,
    as_json: Json = False,
    on_local: Local = False,
) -> None:
    """Compare files of answers with the references. Shows the scores of each metric, and a verdict."""
    # It loads numpy: only when it is needed.
    from tuner.evaluation.standalone import Files
    from tuner.evaluation.standalone import evaluate as compare

    if random and not output:
        raise typer.BadParameter("needs --output: the sample is written to its folder.", param_hint="--random")
    asked: Mapping[str, Options] = {
        "judge": _judges(judge or ()),
        "scorer": {"name": scorer},
        "bertscore": {"model": encoder},
        "evaluation": {"language": language, "group_by": group_by},
    }
    settings = _with_names(_settings(settings_file, asked), names)
    if on_local or settings.judge.named or settings.scorer.name:
        choose_cloud(on_local)
    with interruptible(_STOPPED):  # a person can type what is read from standard input
        files = Files(
            input_file(base, "--base"),
            input_file(tuned, "--tuned"),
            input_file(references, "--references"),
            input_file(training, "--training") if training else None,
            input_file(people, "--people", ".csv") if people else None,
            others={
                name: input_file(path, f"--contestant {name}=") for name, path in _contestants(contestant or ()).items()
            },
        )
    if output:
        _refuse_existing(files, output, sampled=random is not None, force=force)
    with interruptible(_KEPT if output else _STOPPED):
        evaluation = compare(files, metric or (), output, settings, random)
    if output:
        _write(evaluation, files, output, force=force)
    _show(evaluation.scores, as_json=as_json)
    if output:
        _say_what_was_written(output, sampled=random is not None)


def _refuse_existing(files: Files, output: Path, *, sampled: bool, force: bool) -> None:
    """Raises BadParameter for a result that cannot be written, before anything is paid for."""
    from tuner.evaluation.review.local_sheets import SAMPLE

    for name in (*_RESULTS, *((SAMPLE,) if sampled else ())):
        target(output / name, list(files.every.values()), force)


def _write(evaluation: Evaluation, files: Files, output: Path, *, force: bool) -> None:
    """Writes the scores, the sheets for people and the report."""
    from tuner.reporting.files_comparison import result_files  # loads the charts

    write_files(result_files(evaluation, output), list(files.every.values()), force)


def _show(scores: Scores, *, as_json: bool) -> None:
    """Prints the warnings and the scores: tables and sentences, or JSON."""
    for warning in scores.warnings:
        say(f"Warning: {warning}", "warn")
    if as_json:
        emit(scores.to_document())
        return
    console().print(score_table(scores.metrics, conclusions=True))
    show_contestants(scores)
    conclude(scores)


def _say_what_was_written(output: Path, *, sampled: bool) -> None:
    """Prints where the report is, and what to do with a sample."""
    from tuner.evaluation.review.local_sheets import SAMPLE

    say(f"The report is in {output / 'index.html'}, next to scores.json and review.csv.", "quiet")
    if sampled:
        say(
            f"Fill in score_1 and score_2 (1 to 10) in {output / SAMPLE}, then run the same command with "
            f"--people {output / SAMPLE} --force instead of --random."
        )


_STOPPED = "Interrupted. Nothing was written. With --output, the judge's grades are kept."
_KEPT = (
    "Interrupted. The judge's grades so far are in the folder of --output: the same command does not "
    "ask for them again."
)


def _contestants(given: Sequence[str]) -> dict[ContestantName, Path]:
    """The further contestants' files by name. Raises BadParameter for a name that cannot be used."""
    found: dict[ContestantName, Path] = {}
    for each in given:
        name, separator, path = each.partition("=")
        if not separator or not path:
            raise typer.BadParameter(f"'{each}' is not NAME=FILE, such as few_shot=few_shot.jsonl.", param_hint=_OPTION)
        try:
            contestant_name(name)
        except ValueError as error:
            raise typer.BadParameter(f"{error}.", param_hint=_OPTION) from None
        if name in MAIN:
            raise typer.BadParameter(f"'{name}' has an option of its own: --{name} FILE.", param_hint=_OPTION)
        if name in found:
            raise typer.BadParameter(f"'{name}' is given twice. Give each contestant its own name.", param_hint=_OPTION)
        found[name] = Path(path)
    return found


def _settings(file: Path | None, asked: Mapping[str, Options]) -> RunSettings:
    """The settings of the file, overridden by those of the command line."""
    try:
        document = parse_document(read_document(LocalFile(file).chunks()), str(file)) if file else {}
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be read: {error.strerror}.", param_hint="--settings") from None
    settings = load(RunSettings, document, str(file))
    given: dict[str, Options] = {
        part: {key: value for key, value in options.items() if value} for part, options in asked.items()
    }
    if given["judge"]:  # they take the place of the file's
        cleared: Options = {"model": None, "models": ()}
        given["judge"] = {**cleared, **given["judge"]}
    merged = {part: getattr(settings, part).model_dump() | options for part, options in given.items() if options}
    return load(RunSettings, settings.model_dump(exclude_unset=True) | merged, "command line")


def _judges(models: Sequence[str]) -> Options:
    """The settings that name the judges."""
    return {"model": models[0]} if len(models) == 1 else {"models": tuple(models)}


def _with_names(settings: RunSettings, names: FieldNames) -> RunSettings:
    """The settings with the names of fields that the command line gives; they win over those of the file."""
    given = {name: value for name, value in names.model_dump().items() if value}
    return settings.model_copy(update={"fields": settings.fields.model_copy(update=given)})
