"""Checks the answers of a dataset by its task, and the settings that must fit the task."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tuner.artifacts.task import FieldSchema, TaskDescription
from tuner.core.label_matching import LabelSet
from tuner.core.wording import plural
from tuner.datasets.findings import Findings, Issue, printable
from tuner.datasets.records.record import DataRole
from tuner.datasets.tasks.answers import Answers, FieldKinds
from tuner.settings import RunSettings
from tuner.settings.run.evaluation import check_measures
from tuner.settings.run.gate import check_gate

# A label with this many times the records of another one is warned of.
_UNBALANCED = 10
# One label with this share of the records is warned of, too.
_DOMINANT = 0.8
_SHOWN = 40

Place = tuple[str, int | None, Issue]


def check_task(
    task: TaskDescription,
    settings: RunSettings,
    answers: Mapping[DataRole, Answers],
    findings: Findings,
    settings_name: str = "run.yaml",
) -> None:
    """Adds what is wrong with the answers of the files, which have at least training data.

    Nothing is added without a training record: the file has an error, and its answers are not known.
    """
    if not answers["training"].records:
        return
    for issue in _settings_issues(task, settings):
        findings.add(settings_name, None, issue)
    checks = {"classification": _label_issues, "extraction": _object_issues}
    if task.name in checks:
        for file, line, issue in checks[task.name](task, settings, answers):
            findings.add(file, line, issue)


def _settings_issues(task: TaskDescription, settings: RunSettings) -> Iterator[Issue]:
    """Settings that were accepted while the task was not known."""
    metrics = settings.used_metrics(task.name)
    own = {"classification", "extraction"} - {task.name}
    remedy = f"Change the setting, or set the task: it is '{task.name}'. {task.sentence}"
    for metric in own.intersection(settings.evaluation.metrics or ()):
        message = f"evaluation.metrics: {metric} is for the task {metric}."
        yield Issue("task-settings", message, remedy)
    try:
        check_measures([settings.evaluation.decides] if settings.evaluation.decides else [], metrics)
    except ValueError as error:
        yield Issue("task-settings", f"evaluation.decides: {error}.", remedy)
    try:
        check_gate(settings.gate, metrics)
    except ValueError as error:
        yield Issue("task-settings", f"gate: {error}.", remedy)


def _label_issues(task: TaskDescription, settings: RunSettings, answers: Mapping[DataRole, Answers]) -> Iterator[Place]:
    training, given = answers["training"], LabelSet(settings.classification.labels)
    if training.not_labels:
        message = f"{training.not_labels:,} of {training.records:,} answers are too long, or too different, for labels."
        yield training.file, None, Issue("label-long", message, "Shorten them, or set 'task: answer' in run.yaml.")
    if len(task.labels) < 2:
        message = f"all answers are the same label ({_named(task.labels)}), so there is nothing to learn."
        yield training.file, None, Issue("label-count", message, "Add records with another label.")
    for file in answers.values():
        yield from _spellings(file)
        yield from _unknown_labels(file, given)
    yield from _unseen_labels(answers, given)
    yield from _rare_labels(training)
    yield from _balance(task, training)


def _spellings(answers: Answers) -> Iterator[Place]:
    for seen in answers.labels.values():
        if len(seen.spellings) > 1:
            names = [spelling for spelling, _ in seen.spellings.most_common(3)]
            message = (
                f"labels differ only in case, spaces, marks around them or decimals, and count as one: {_named(names)}."
            )
            issue = Issue("label-spelling", message, f"Write '{seen.usual[:_SHOWN]}' in each record.", None, "warning")
            yield answers.file, seen.lines[0], issue


def _unknown_labels(answers: Answers, given: LabelSet) -> Iterator[Place]:
    """Labels that are none of those that the settings list."""
    for seen in answers.labels.values() if given.labels else ():
        if given.find(seen.usual) is None:
            message = (
                f"the answer '{seen.usual[:_SHOWN]}' of {plural(len(seen.lines), 'record')} is no label of run.yaml."
            )
            remedy = "Correct the answer, or add it to classification.labels."
            yield answers.file, seen.lines[0], Issue("label-unknown", message, remedy)


def _unseen_labels(answers: Mapping[DataRole, Answers], given: LabelSet) -> Iterator[Place]:
    known = answers["training"].labels
    for role, file in answers.items():
        for form, seen in file.labels.items():
            # A label that the settings do not list is an error already.
            listed = not given.labels or given.find(seen.usual) is not None
            if role != "training" and form not in known and listed:
                message = f"the label '{seen.usual[:_SHOWN]}' is not in the training data: the model cannot learn it."
                yield file.file, seen.lines[0], Issue("label-unseen", message, "Add training records.", None, "warning")


def _rare_labels(training: Answers) -> Iterator[Place]:
    for seen in training.labels.values():
        if len(seen.lines) == 1:
            message = f"the label '{seen.usual[:_SHOWN]}' occurs once: a model hardly learns it from one record."
            remedy = "Correct it if it is a mistake, or add records."
            yield training.file, seen.lines[0], Issue("label-once", message, remedy, None, "warning")


def _balance(task: TaskDescription, training: Answers) -> Iterator[Place]:
    ranked = sorted(task.labels.items(), key=lambda entry: -entry[1])
    if len(ranked) < 2:
        return
    (most, count), (least, fewest) = ranked[0], ranked[-1]
    if count > _UNBALANCED * fewest or count > _DOMINANT * training.records:
        message = (
            f"the labels are not balanced: '{most[:_SHOWN]}' has {plural(count, 'record')}, "
            f"'{least[:_SHOWN]}' has {plural(fewest, 'record')}."
        )
        remedy = "Add records of the rare labels. Macro F1 counts each label the same, and accuracy does not."
        yield training.file, None, Issue("label-balance", message, remedy, None, "warning")


def _object_issues(
    task: TaskDescription, settings: RunSettings, answers: Mapping[DataRole, Answers]
) -> Iterator[Place]:
    if not task.fields:
        message = "no training answer is a JSON object with fields."
        remedy = "Write the answers as JSON objects, or set 'task: answer' in run.yaml."
        yield answers["training"].file, None, Issue("json-invalid", message, remedy)
        return
    for file in answers.values():
        # Errors would refuse a whole dataset for a slip in one record of many; the model learns from the others.
        for line, problem in _invalid(file):
            remedy = "Write a JSON object, or remove the record."
            yield file.file, line, Issue("json-invalid", f"the answer {problem}.", remedy, None, "warning")
        for line, kinds in file.objects.items():
            yield from ((file.file, line, issue) for issue in _field_issues(kinds, task.fields))


def _invalid(answers: Answers) -> list[tuple[int, str]]:
    others = [(line, "is not a JSON object") for line in answers.other_lines]
    return sorted([*answers.broken_objects.items(), *others])


def _field_issues(kinds: FieldKinds, fields: tuple[FieldSchema, ...]) -> Iterator[Issue]:
    known = {field.name: field for field in fields}
    missing = [field.name for field in fields if field.required and field.name not in kinds]
    if missing:
        message = f"the answer lacks the field {_named(missing)}, which nearly all others have."
        yield Issue("json-field-missing", message, "Add it, with null for an unknown value.", None, "warning")
    unknown = [name for name in kinds if name not in known]
    if unknown:
        remedy = "Correct the name, or add it to extraction.fields in run.yaml."
        yield Issue(
            "json-field-unknown", f"the answer has the unknown field {_named(unknown)}.", remedy, None, "warning"
        )
    for name, kind in kinds.items():
        wanted = known[name].kind if name in known else "any"
        if kind is not None and wanted not in ("any", kind) and (wanted, kind) != ("text", "date"):
            message = f"the field '{printable(name[:_SHOWN])}' is of type {kind}, and in nearly all others {wanted}."
            yield Issue("json-field-type", message, f"Write a value of type {wanted}.", None, "warning")


def _named(names: Iterable[str]) -> str:
    shown = list(names)
    more = f" and {len(shown) - 3} more" if len(shown) > 3 else ""
    return ", ".join(f"'{name[:_SHOWN]}'" for name in shown[:3]) + more
