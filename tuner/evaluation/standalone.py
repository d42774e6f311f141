"""Scores answers in files, without a run: what `tuner evaluate` does."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from tuner.artifacts.dataset import EvaluationQuestion
from tuner.artifacts.evaluation.contestants import BASE, TUNED, ContestantName, title_of
from tuner.artifacts.evaluation.judgments import Judgments, judgments_json, read_judgments
from tuner.artifacts.evaluation.scores import FileIdentity, Scores
from tuner.artifacts.task import TaskDescription
from tuner.catalog.encoders import PACKAGED
from tuner.core.errors import ArtifactError, EvaluationError, SettingsError
from tuner.core.text_sanitizer import readable
from tuner.datasets.io import LocalSink, update_whole
from tuner.evaluation.answer_files import (
    read_records,
    read_references,
    read_rows,
    read_sheet,
    read_training_answers,
    unused_in_files,
    with_shared_ids,
)
from tuner.evaluation.encoder.files import BuiltEncoder
from tuner.evaluation.gate.rules import GateComparisons, decide_gate
from tuner.evaluation.grading.graded_items import GradedItemSet, match_repeated
from tuner.evaluation.grading.grades import Graded, grade, grouped
from tuner.evaluation.judging.judge import Judge
from tuner.evaluation.judging.scoring_function import ScoringFunction
from tuner.evaluation.metric_language import detect
from tuner.evaluation.metrics import Metric, ScoringContext, chosen
from tuner.evaluation.review.flagged_questions import review_candidates, vocabulary
from tuner.evaluation.review.human_scores import with_people
from tuner.evaluation.review.local_sheets import known_sheets, sample_files
from tuner.evaluation.review.spreadsheet import read_review, review_sheet
from tuner.evaluation.scores import summarize
from tuner.evaluation.tasks import task_of_files
from tuner.settings import RunSettings


@dataclass(frozen=True, slots=True)
class Files:
    """What is evaluated: the answers of both models, and the references.

    `others` are the answers of further contestants, by their names: the tuned model is compared with each.
    `training` is the data that the tuned model was trained with. A name in an answer that
    is not in it may be invented, so people are shown the answer. `people` is a review.csv that was filled in.
    """

    base: Path
    tuned: Path
    references: Path
    training: Path | None = None
    people: Path | None = None
    others: Mapping[ContestantName, Path] = field(default_factory=dict, kw_only=True)

    @property
    def answers(self) -> dict[ContestantName, Path]:
        """The files of answers by contestant: base and tuned model first."""
        return {BASE: self.base, TUNED: self.tuned, **self.others}

    @property
    def every(self) -> dict[str, Path]:
        """All files, by what they are called in scores.json."""
        main: dict[str, Path | None] = {
            "base": self.base,
            "tuned": self.tuned,
            "references": self.references,
            "training": self.training,
            "people": self.people,
        }
        given = {role: path for role, path in main.items() if path is not None}
        # A contestant can be called as one of the other files.
        return given | {f"contestant {name}": path for name, path in self.others.items()}


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The scores, the items that they are of, and files for the output folder by their path in it."""

    items: GradedItemSet
    scores: Scores
    files: Mapping[str, bytes] = field(default_factory=dict)


def evaluate(
    files: Files,
    metrics: Sequence[str] = (),
    output: Path | None = None,
    settings: RunSettings | None = None,
    sample: int | None = None,
) -> Evaluation:
    """Scores the answers in files, as a run's scoring step does.

    `metrics` are names. Without them, those of `settings` are used, and the judge's only if `settings.judge` names
    one. `output` is a folder that keeps the judge's judgments, which a repetition does not ask for again. `sample` is
    how many questions to draw at random for people; `files.people` can be such a sample that was filled in. Raises
    EvaluationError for files that cannot be used, SettingsError for an unknown metric.
    """
    settings = settings or RunSettings()
    questions, items = _read(files, settings)
    training_vocabulary = None if files.training is None else vocabulary(read_rows(files.training))
    task = _task(files, settings, items)
    graded = _graded(questions, items, _metrics(metrics, settings, task), settings, task, output)
    warnings = [*unused_in_files(settings, files.answers), *items.warnings, *_inapplicable(graded, metrics)]
    graded = grouped(graded, questions, settings.evaluation)
    scores = summarize(graded, warnings, settings.evaluation.seed, decides=settings.evaluation.decides)
    # As in a run: people's scores first, because they change what is left to review and what the gate decides.
    if files.people is not None:
        scores = _with_review(scores, files.people, items, output, settings.evaluation.seed)
    candidates = review_candidates(items, scores, training_vocabulary)
    added: dict[str, object] = {
        "review": candidates,
        "gate": decide_gate(settings.gate, GateComparisons.of(scores)),
        "files": {role: _identity(path) for role, path in files.every.items()},
    }
    if task.name != "answer":
        added["task"] = task
    scores = scores.model_copy(update=added)
    # With a byte order mark, spreadsheets recognise UTF-8. The csv module writes its own line ends.
    sheet = review_sheet(items, candidates, scores.samples)
    results = {"scores.json": scores.to_json(), "review.csv": sheet.encode("utf-8-sig")}
    if sample:
        results |= sample_files(output, items, {candidate.id for candidate in candidates}, sample)
    return Evaluation(items, scores, results)


def _graded(
    questions: Sequence[EvaluationQuestion],
    items: GradedItemSet,
    metrics: Sequence[Metric],
    settings: RunSettings,
    task: TaskDescription,
    output: Path | None,
) -> Graded:
    """The grades of the items by the metrics."""
    language = settings.evaluation.language or detect(item.reference for item in items.items)
    by_id = {question.id: question for question in questions}
    with _cached_judgments(output) as judgments:
        judges = [Judge(model, settings.judge, judgments) for model in settings.judge.named]
        encoder = BuiltEncoder(settings.bertscore.model or PACKAGED)
        context = ScoringContext(judges, encoder, language, task, _scorer(settings), by_id)
        return grade(items.items, metrics, context)


def _with_review(scores: Scores, filled_in: Path, items: GradedItemSet, output: Path | None, seed: int) -> Scores:
    """The scores with those that people wrote into a review sheet."""
    sheets = known_sheets(output)
    by_name = {sheet.name: sheet for sheet in sheets}
    given = read_review(read_sheet(filled_in), {item.id for item in items.items}, str(filled_in), by_name.get)
    return with_people(scores, given, sheets, seed)


def _read(files: Files, settings: RunSettings) -> tuple[list[EvaluationQuestion], GradedItemSet]:
    """The questions, and the items: matched by id, or by the question where ids are missing."""
    fields = settings.fields
    required = [name for _, name in settings.evaluation.named_fields]
    known = read_references(files.references, fields, settings.evaluation.kept_fields, required)
    answered = [read_records(path, fields) for path in files.answers.values()]
    references, *said = with_shared_ids([known.records, *answered])
    for record in itertools.chain(*said):
        if record.accepted:
            raise EvaluationError(f"{record.place}: a model's answer must be one text, not a list of answers.")
    questions = [
        EvaluationQuestion(
            id=record.id or "",
            question=record.whole_question,
            system=record.system,
            reference=record.answer or "",
            accepted=record.accepted,
            origin=record.origin,
            fields=dict(record.fields),
        )
        for record in references
    ]
    answers = {
        name: [(record.id or "", record.answer, record.sample) for record in records]
        for name, records in zip(files.answers, said, strict=True)
    }
    items = match_repeated(questions, answers)
    return questions, replace(items, warnings=(*known.warnings, *items.warnings, *_same_files(files)))


def _same_files(files: Files) -> Iterator[str]:
    """A warning for every contestant that has the same file as another one: probably, one of the two is a mistake."""
    seen: dict[Path, ContestantName] = {}
    for name, path in files.answers.items():
        if path.resolve() in seen and name in files.others:
            yield f"{title_of(name)} and {title_of(seen[path.resolve()])} have the same file of answers, {path}."
        seen.setdefault(path.resolve(), name)


def _inapplicable(graded: Graded, asked: Sequence[str]) -> Iterator[str]:
    """A warning for every metric that was asked for and applies to none of the questions."""
    answers = [answer for record in graded.records for answer in record.by_contestant.values()]
    measured = {name for answer in answers for name in answer.measures}
    for metric in chosen(asked):
        if metric.only_for and measured.isdisjoint(measure.name for measure in metric.measures):
            yield f"The metric {metric.name} does not apply to these questions: it is for {metric.only_for}."


def _identity(path: Path) -> FileIdentity:
    return FileIdentity(name=readable(path.name), sha256=hashlib.sha256(path.read_bytes()).hexdigest())


def _scorer(settings: RunSettings) -> ScoringFunction | None:
    """Without a deployment, the scorer's name is that of the Lambda function, or its ARN."""
    name = settings.scorer.name
    return ScoringFunction(name, settings.scorer) if name else None


def _task(files: Files, settings: RunSettings, items: GradedItemSet) -> TaskDescription:
    """The task that the settings name, or else the one of the training answers, or else of the references."""
    training = [] if files.training is None else read_training_answers(files.training)
    references = [text for item in items.items for text in (item.reference, *item.accepted)]
    return task_of_files(settings, training, references)


def _metrics(names: Sequence[str], settings: RunSettings, task: TaskDescription) -> list[Metric]:
    named = (*names, "scorer") if names and settings.scorer.name else names
    metrics = chosen(named or settings.used_metrics(task.name))
    judged = [metric.name for metric in metrics if metric.needs_judge]
    if settings.judge.named or not judged:
        return metrics
    if names:
        raise SettingsError(
            f"metrics: {judged[0]} needs a judge. Name its model with --judge, or as judge.model in run.yaml."
        )
    # Without a judge, the default metrics are those that cost nothing.
    return [metric for metric in metrics if not metric.needs_judge]


@contextmanager
def _cached_judgments(folder: Path | None) -> Iterator[Judgments]:
    """The judgments of earlier evaluations into this folder. New ones are saved also when the grading fails."""
    if folder is None:
        yield {}
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EvaluationError(f"{folder}: the folder cannot be made: {error.strerror}. Name another one.") from None
    # Named as in release 0.1.0, so that its judgments are found.
    path = folder / "verdicts.json"
    # All of this is found out before a judge is paid, whose judgments could not be kept.
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise EvaluationError(f"{path} is no regular file. Remove it, or name another folder.")
    try:
        LocalSink(path).discard()
    except OSError as error:
        raise EvaluationError(f"{folder} cannot be written to: {error.strerror}. Name another folder.") from None
    judgments = read_judgments(path.read_bytes() if path.is_file() else None, str(path))
    known = dict(judgments)
    try:
        yield judgments
    finally:
        if judgments != known:
            update_whole(path, lambda now: _with_judgments(now, judgments))


def _with_judgments(data: bytes | None, new: Judgments) -> bytes:
    """The file with more judgments. It may have got some of another evaluation meanwhile, which are paid for too."""
    try:
        found = read_judgments(data, "")
    except ArtifactError:  # what another program left there
        found = {}
    return judgments_json({**found, **new})
