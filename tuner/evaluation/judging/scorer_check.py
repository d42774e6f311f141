"""Tries a scorer with made-up answers before a run spends anything: a scorer that cannot score is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from tuner.artifacts.dataset import Message
from tuner.aws.scoring_functions import call_function
from tuner.catalog.metrics import OWN_MEASURES
from tuner.catalog.tasks import FieldKind
from tuner.core.errors import AccessDeniedError, AwsError, SettingsError
from tuner.core.strict_model import Json
from tuner.evaluation.judging.scoring_function import Call, Scored, ScoringFunction, ToScore
from tuner.settings import RunSettings

SCORER_DENIED = (
    "The setting 'scorers' grants lambda:InvokeFunction when the stack is deployed. A permissions boundary must allow "
    "it too, and a function of another account needs a policy that allows this role."
)
_QUESTION, _ANSWER, _WRONG_ANSWER = "What is 2 + 2?", "4", "I do not know."
_MADE_UP: Mapping[FieldKind, Json] = {
    "text": "lamp",
    "number": 2,
    "date": "2026-11-01",
    "boolean": True,
    "list": ["lamp"],
    "object": {"item": "lamp"},
    "any": "lamp",
}
# A function that has not been called for some time first starts, which can take longer than it may answer. It is asked
# once more, as far as both calls fit the time that the step has.
_MOST_SECONDS = 180
_ASKED_WITH = "It was tried with made-up answers, in the form that docs/tasks.md describes (Your own scorer)."
_OWN_EXAMPLE = (
    "If it needs references of a certain form, give a question and its reference as scorer.example in run.yaml."
)


def check_scorer(function: str, settings: RunSettings, call: Call = call_function) -> None:
    """Asks the run's scorer for the scores of a right and a wrong answer to one question.

    Raises SettingsError that says what is wrong with its reply, AccessDeniedError with the remedy, or RetryableError.
    """
    name = settings.scorer.name
    try:
        scored = try_scorer(ScoringFunction(function, settings.scorer, call), made_up_answers(settings))
    except AccessDeniedError as error:
        raise AccessDeniedError(f"scorer: the scorer '{name}' may not be called. {error} {SCORER_DENIED}") from error
    except AwsError as error:
        text = str(error).rstrip(".")
        raise SettingsError(f"scorer: '{name}' cannot score. {text}. {_ASKED_WITH} {_OWN_EXAMPLE}") from error
    prefix = OWN_MEASURES["scorer"]
    asked_for = [*settings.gate, *(f"{prefix}{name}" for name in settings.scorer.measures)]
    needed = [measure.removeprefix(prefix) for measure in asked_for if measure.startswith(prefix)]
    missing = [measure for measure in needed if not all(measure in each.measures for each in scored)]
    if missing:
        listed = ", ".join(sorted({measure for each in scored for measure in each.measures})) or "none"
        raise SettingsError(
            f"scorer: the gate or scorer.measures names the measure '{missing[0]}', which '{name}' ({function}) did "
            f"not return in metrics_list (it returned: {listed}). {_ASKED_WITH} {_OWN_EXAMPLE}"
        )


def try_scorer(scorer: ScoringFunction, answers: Sequence[ToScore]) -> tuple[Scored, ...]:
    """The scores of these answers, by one call. Raises AwsError with the first problem, and the errors of the call."""
    try:
        found = scorer.ask(answers)
    except AwsError:
        if 2 * scorer.settings.seconds > _MOST_SECONDS:
            raise
        found = scorer.ask(answers)
    for answer in answers:
        if problem := found[answer.id].problem:
            raise AwsError(f"For the answer with the id '{answer.id}', {problem}")
    return tuple(found[answer.id] for answer in answers)


def made_up_answers(settings: RunSettings) -> tuple[ToScore, ...]:
    """A right and a wrong answer to one question: as many as the scorer gets in one call, and at most two."""
    example = settings.scorer.example
    turns = (Message(role="user", text=example.question or _QUESTION),)
    reference = example.reference or _reference(settings)
    answers = {"example-1": reference, "example-2": _WRONG_ANSWER}
    made = [ToScore(name, turns, answer, reference, settings.system_prompt) for name, answer in answers.items()]
    return tuple(made[: settings.scorer.batch])


def _reference(settings: RunSettings) -> str:
    """A reference of the run's task, as far as the settings say it: the dataset has not been read yet."""
    labels, fields = settings.classification.labels, settings.extraction.fields
    if settings.task in ("auto", "classification") and labels:
        return labels[0]
    if settings.task == "extraction" or (settings.task == "auto" and fields):
        return json.dumps({name: _MADE_UP[kind] for name, kind in fields.items()} or {"item": "lamp"})
    return _ANSWER
