"""`tuner evaluate`: compares files of answers without a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from tuner.artifacts.evaluation.contestants import MAIN, ContestantName
from tuner.artifacts.evaluation.people import HumanScores
from tuner.artifacts.evaluation.scores import Scores
from tuner.cli.local_cloud import use_local_cloud
from tuner.cli.options import NO_NAMES, Json, Local, with_field_options
from tuner.cli.terminal.console import console, emit, say
from tuner.cli.terminal.interruption import interruptible
from tuner.cli.terminal.outputs import Force, target, write_files
from tuner.cli.terminal.score_table import contestant_table, pair_table, score_table
from tuner.cli.terminal.standard_input import input_file
from tuner.core.artifact_keys import contestant_name
from tuner.core.file_formats import FORMAT_NAMES
from tuner.datasets import LocalFile
from tuner.settings import FieldNames, RunSettings, load, parse_document, read_document

_VERDICTS = {"better": "good", "worse": "bad"}
_GATES = {"accepted": "good", "rejected": "bad"}
_RESULTS = ("scores.json", "review.csv", "index.html")
_OPTION = "--contestant"
Options = Mapping[str, str | tuple[str, ...] | None]
AnswerFile = typer.Option(metavar="FILE", help=f"Answers in {FORMAT_NAMES}, with `question`/`answer` or `id`/`answer`.")


@with_field_options
def evaluate(
    base: Annotated[Path, AnswerFile],
    tuned: Annotated[Path, AnswerFile],
    references: Annotated[Path, typer.Option(metavar="FILE", help="The correct answers, in the same format.")],
    contestant: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=FILE",
            help="Answers of a further contestant, which the tuned model is compared with too. Can be given several "
            "times.",
        ),
    ] = None,
    metric: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Metric. Can be given several times. Default: all metrics.")
    ] = None,
    judge: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODEL",
            help="Model or inference profile of the judge. Can be given up to five times: the mean of the judges "
            "counts. Default: no judge.",
        ),
    ] = None,
    scorer: Annotated[
        str | None,
        typer.Option(metavar="FUNCTION", help="Lambda function (name or ARN) that scores the answers."),
    ] = None,
    encoder: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Encoder of BERTScore. Default: all-MiniLM-L6-v2.")
    ] = None,
    language: Annotated[
        str | None, typer.Option(metavar="LANGUAGE", help="Language of the answers. Default: detected.")
    ] = None,
    group_by: Annotated[
        str | None,
        typer.Option(
            metavar="FIELD",
            help="Field of the references: questions with the same value are related and count as one. Default: "
            "found by conversation, document, passage and similarity.",
        ),
    ] = None,
    settings_file: Annotated[
        Path | None,
        typer.Option(
            "--settings",
            metavar="FILE",
            help="A run.yaml: fields, judge, bertscore, evaluation and gate apply.",
        ),
    ] = None,
    training: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Training data: facts in it are not reported as unsupported."),
    ] = None,
    people: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A completed review.csv, or sample.csv of the same --output: the scores that people gave.",
        ),
    ] = None,
    random: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=10,
            help="Draw N questions at random for people to score, into sample.csv in the folder of --output.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Folder for scores.json, review.csv and index.html (the report)."),
    ] = None,
    names: FieldNames = NO_NAMES,
    force: Force = False,
    as_json: Json = False,
    on_local: Local = False,
) -> None:
    """Compare files of answers with the references. Shows the scores of each metric, and a verdict."""
    # They load numpy and the charts: only when they are needed.
    from tuner.evaluation.review.local_sheets import SAMPLE
    from tuner.evaluation.standalone import Files
    from tuner.evaluation.standalone import evaluate as compare
    from tuner.reporting.files_comparison import result_files

    if random and not output:
        raise typer.BadParameter("needs --output: the sample is written to its folder.", param_hint="--random")
    if on_local:
        use_local_cloud()
    asked: Mapping[str, Options] = {
        "judge": _judges(judge or ()),
        "scorer": {"name": scorer},
        "bertscore": {"model": encoder},
        "evaluation": {"language": language, "group_by": group_by},
    }
    settings = _with_names(_settings(settings_file, asked), names)
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
    sources = list(files.every.values())
    if output:
        for name in (*_RESULTS, *((SAMPLE,) if random else ())):
            target(output / name, sources, force)
    with interruptible(_KEPT if output else _STOPPED):
        evaluation = compare(files, metric or (), output, settings, random)
    if output:
        write_files(result_files(evaluation, output), sources, force)
    scores = evaluation.scores
    for warning in scores.warnings:
        say(f"Warning: {warning}", "warn")
    if as_json:
        emit(scores.to_document())
    else:
        console().print(score_table(scores.metrics, conclusions=True))
        show_contestants(scores)
        conclude(scores)
    if output:
        say(f"The report is in {output / 'index.html'}, next to scores.json and review.csv.", "quiet")
        if random:
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


def show_contestants(scores: Scores) -> None:
    """Prints the tuned model compared with each contestant by the measure that decides, if there are others."""
    decides = scores.metrics.get(scores.verdict.metric or "")
    if decides and decides.compared:
        say("")
        console().print(contestant_table(decides))
    if decides and decides.pairs:
        say("")
        console().print(pair_table(decides))


def show_people(people: HumanScores) -> None:
    """Prints how many answers people scored, why their scores correct nothing yet, and how far they agree."""
    from tuner.reporting.collect.caveats import people_caveats

    for sentence in people_caveats(people):
        say(sentence, "warn" if sentence == people.undecided else "quiet")


def conclude(scores: Scores) -> None:
    """Prints the verdict, its caveats, a sentence on the slices, and the number of questions to review."""
    from tuner.reporting.collect.caveats import answers_in_words, bias_caveats, repeats_caveats, unusable_judgments
    from tuner.reporting.page.slices_table import slices_sentence

    verdict = scores.verdict
    say("")
    say(verdict.sentence, _VERDICTS.get(verdict.value or "", ""))
    for note in verdict.notes:
        if not verdict.sentence.startswith(note):
            say(note, "quiet")
    each = answers_in_words((len(record.single_answers) for record in scores.questions), scores.samples)
    repeated = repeats_caveats(scores.metrics.get(verdict.metric or ""), each)
    judged = unusable_judgments(scores.judge) if scores.judge else ()
    for note in (*repeated, *judged, *bias_caveats(scores.metrics, scores.preference)):
        say(note, "quiet")
    if scores.groups:
        say(scores.groups.sentence, "quiet")
    for found in scores.slices:
        say(slices_sentence(found, verdict.metric, list(scores.metrics.items())), "quiet")
    if scores.people:
        show_people(scores.people)
    if gate := scores.gate:
        say(f"Gate: {gate.sentence}", _GATES.get(gate.decision, ""))
    if scores.judge and scores.judge.stand_in:
        say(f"Stand-in: the judge is {scores.judge.name}.", "warn")
    if scores.review:
        say(f"A person should review {len(scores.review)} of {len(scores.questions)} questions.", "warn")
