"""Finds settings of run.yaml that change nothing in a run, because of its files, its task or its way of serving."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from tuner.catalog.judges import judge_or_assumed
from tuner.catalog.metrics import uses_judge
from tuner.catalog.tasks import TaskName
from tuner.core.run import Role, generated_roles
from tuner.datasets.findings import Issue
from tuner.datasets.prepare import Prepared
from tuner.settings import RunSettings, StrictModel

UNUSED_SETTING = "unused-setting"
SLICES_OF_ONE_GROUP = "slices-of-one-group"
NO_CHOICE = "candidates-without-validation"
_REMOVE = "Remove it, so that nobody relies on it."
# What decides how many questions are generated from documents alone.
_OF_DOCUMENTS_ALONE = ("questions_per_part", "most", "validation_share", "evaluation_share")
# `evaluation.leakage` is not one of them: evaluation questions are checked even if nobody is asked.
_OF_EVALUATION = (
    "inference", "bertscore", "scorer", "model_units", "judge.max_tokens", "judge.temperature", "judge.top_p",
    "judge.attempts", "evaluation.metrics", "evaluation.decides", "evaluation.language", "evaluation.group_by",
    "evaluation.slices", "evaluation.stop_early", "evaluation.samples", "evaluation.guard", "evaluation.seed",
    "compare_with", "few_shot", "retrieval",
)  # fmt: skip
_WITH_LANGUAGE = ("rouge", "bleu", "bertscore")
_WITH_PATH = ("json", "jsonl")


@dataclass(frozen=True, slots=True)
class _Reason:
    """Why settings have no effect. A name stands for all settings below it: `judge` for `judge.model`."""

    names: tuple[str, ...]
    why: str
    remedy: str = _REMOVE

    def applies_to(self, setting: str) -> bool:
        return any(setting == name or setting.startswith(f"{name}.") for name in self.names)


def with_unused_settings(
    prepared: Prepared, settings: RunSettings, roles: Collection[Role | None], settings_name: str = "run.yaml"
) -> Prepared:
    """The result with a warning for the settings that have no effect, one for each reason.

    `roles` has the roles of the dataset's files, documents included. There is no warning of a setting that equals its
    default.
    """
    summary = prepared.summary
    known = summary.training_records or settings.task != "auto"
    task: TaskName | None = summary.task.name if known else None
    task = task if settings.task == "auto" else settings.task
    endings = {file.key.removesuffix(".gz").rpartition(".")[2].lower() for file in summary.files}
    found = list(unused_settings(settings, roles, task, endings))
    if settings.candidates and summary.training_records and not summary.validation_records:
        found.append(_NO_VALIDATION_DATA)
    if settings.evaluation.group_by in settings.evaluation.slices:
        found.append(slices_of_one_group(settings.evaluation.group_by))
    for issue in found:
        prepared.findings.add(settings_name, None, issue)
    return prepared.judged()


_NO_VALIDATION_DATA = Issue(
    NO_CHOICE,
    "candidates: the dataset has no validation data, so nothing chooses one of them: the run pays for all of them and "
    "serves the first one.",
    "Add validation data, or train without candidates.",
    severity="warning",
)


def slices_of_one_group(field: str | None) -> Issue:
    """The warning of slices and groups by the same field."""
    message = f"evaluation.group_by and evaluation.slices both name '{field}': a slice is one group, which counts as "
    message += "one observation, so no slice can be decided."
    remedy = "Name another field in one of the two, or remove one."
    return Issue(SLICES_OF_ONE_GROUP, message, remedy, severity="warning")


def unused_settings(
    settings: RunSettings, roles: Collection[Role | None], task: TaskName | None, endings: Collection[str] = ()
) -> Iterator[Issue]:
    """The warnings. `task` is None while it is not known; `endings` has the endings of the data files."""
    changed = list(changed_settings(settings))
    for reason in _reasons(settings, roles, task, endings):
        names = [name for name in changed if reason.applies_to(name)]
        changed = [name for name in changed if name not in names]
        if names:
            verb = "has" if len(names) == 1 else "have"
            message = f"{', '.join(names)} {verb} no effect: {reason.why}."
            yield Issue(UNUSED_SETTING, message, reason.remedy, severity="warning")


def changed_settings(settings: StrictModel, path: str = "") -> Iterator[str]:
    """The names of the settings that differ from their defaults."""
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        if isinstance(value, StrictModel):
            yield from changed_settings(value, f"{path}{name}.")
        elif value != field.get_default(call_default_factory=True):
            yield f"{path}{name}"


def _reasons(
    settings: RunSettings, roles: Collection[Role | None], task: TaskName | None, endings: Collection[str]
) -> Iterator[_Reason]:
    generated = generated_roles(roles, settings.generate.count, settings.serving != "none")
    yield from _of_generation(settings, roles)
    if not settings.candidates:
        yield _Reason(("keep_candidates",), "the run has no candidates, so there are no models to choose from")
    if "validation" in roles or "validation" in generated:
        held = "has a validation file" if "validation" in roles else "gets validation data from documents"
        yield _Reason(("validation.fraction",), f"the dataset {held}, so nothing is held out")
    if not {"training", "validation", "evaluation"} & set(roles):
        yield _Reason(("fields",), "the dataset has no data file, and generated data has fields of its own")
    elif endings and not set(endings) & set(_WITH_PATH):
        yield _Reason(("fields.records",), "no data file is JSON")
    if settings.serving == "none":
        measured = settings.break_even.question_tokens is None or settings.break_even.answer_tokens is None
        more = (*(() if generated else ("judge.model", "judge.models")), *(("break_even",) if measured else ()))
        yield _Reason((*_OF_EVALUATION, *more), "with 'serving: none', no model is asked or scored")
    else:
        yield from _of_contestants(settings, {each.name for each in settings.compared("documents" in roles)})
    if settings.serving == "on_demand":
        why = "the model is served on demand, so no model units are bought; only the report's break-even counts them"
        yield _Reason(("model_units",), why, "Remove it, or set 'serving: provisioned'.")
    if task:
        yield from _of_task(task)
    if task or settings.evaluation.metrics:  # the metrics that a run names do not depend on its task
        yield from _of_metrics(settings.used_metrics(task or "answer"), bool(generated))
    yield from _of_requests(settings)
    if "evaluation" not in roles:
        yield _Reason(("evaluation.leakage",), "there is no evaluation file")


def _of_generation(settings: RunSettings, roles: Collection[Role | None]) -> Iterator[_Reason]:
    # `count: 0` asks for nothing to be generated, and nothing is, unless the documents are alone.
    asked = _names("generate", [name for name in type(settings.generate).model_fields if name != "count"])
    asked = (*asked, *(("generate.count",) if settings.generate.count else ()))
    if "documents" not in roles:
        yield _Reason(asked, "the dataset has no documents, so nothing is generated", "Add documents, or remove it.")
    elif "training" not in roles:
        yield _Reason(
            ("generate.count",),
            "it is for validation data beside a training file, and the dataset has none",
            "Use generate.questions_per_part and generate.most.",
        )
        for role in ("validation", "evaluation"):
            if role in roles or (role == "evaluation" and settings.serving == "none"):
                why = f"no {role} questions are generated"
                yield _Reason((f"generate.{role}_share",), why)
    elif "validation" in roles:
        yield _Reason(asked, "the dataset has a training and a validation file, so nothing is generated")
    elif not settings.generate.count:
        yield _Reason(asked, "generate.count is 0, so nothing is generated")
    else:
        names = _names("generate", _OF_DOCUMENTS_ALONE)
        yield _Reason(names, "with a training file, only validation data is generated", "Use generate.count.")


def _of_contestants(settings: RunSettings, names: Collection[str]) -> Iterator[_Reason]:
    if "retrieval" in names:
        assumed = _names("break_even", ("passages_tokens", "question_tokens", "answer_tokens"))
        yield _Reason(assumed, "the run measures the tokens of the base model with passages, and assumes none")
    if "few_shot" not in names:
        yield _Reason(("few_shot",), "compare_with does not name few_shot", "Add it there, or remove this.")
    if not set(names) & {"retrieval", "retrieval_tuned"}:
        why = "compare_with names neither retrieval nor retrieval_tuned"
        if settings.compare_with is None:
            why = "without documents, a run compares with retrieval only if compare_with names it"
        yield _Reason(("retrieval",), why, "Add one of them there, or remove this.")


def _of_task(task: TaskName) -> Iterator[_Reason]:
    if task != "classification":
        yield _Reason(("classification",), f"the task is '{task}'", "Remove it, or set 'task: classification'.")
    if task != "extraction":
        yield _Reason(("extraction",), f"the task is '{task}'", "Remove it, or set 'task: extraction'.")


def _of_metrics(metrics: Collection[str], generates: bool) -> Iterator[_Reason]:
    if not uses_judge(metrics):
        names = ("max_tokens", "temperature", "top_p", "attempts", *(() if generates else ("model", "models")))
        yield _Reason(_names("judge", names), "no metric of the run asks the judge", _add("correctness"))
    if "bertscore" not in metrics:
        yield _Reason(("bertscore",), "bertscore is not one of the run's metrics", _add("bertscore"))
    if not set(metrics) & set(_WITH_LANGUAGE):
        yield _Reason(("evaluation.language",), "no metric of the run depends on the language")


def _of_requests(settings: RunSettings) -> Iterator[_Reason]:
    if not settings.scorer.name:
        yield _Reason(("scorer",), "no scorer is named", "Name one as scorer.name, or remove it.")
    judge = settings.judge
    if judge.named and all(judge_or_assumed(model).sampling == "none" for model in judge.named):
        which = f"the judge {judge.named[0]} accepts" if len(judge.named) == 1 else "the judges accept"
        yield _Reason(("judge.temperature", "judge.top_p"), f"{which} neither")
    if judge.top_p is not None:
        yield _Reason(("judge.temperature",), "judge.top_p is sent instead of it", "Remove one of the two.")


def _names(section: str, keys: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{section}.{key}" for key in keys)


def _add(metric: str) -> str:
    return f"Remove it, or add {metric} to evaluation.metrics."
