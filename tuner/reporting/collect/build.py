"""Gathers a run's artifacts into its report. What the run never made is absent from the report, and is no error."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from tuner import __version__, catalog
from tuner.artifacts.contestants import ContestantName
from tuner.artifacts.report import Earlier, Failure, Gate, Metric, Question, Report, Serving, Status
from tuner.artifacts.report.break_even import BreakEven
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.times import iso, now, seconds_since
from tuner.costs.break_even import assumptions, break_even
from tuner.reporting.collect.bill import Usage, bill
from tuner.reporting.collect.model_names import named_models, stand_ins
from tuner.reporting.collect.questions import covered, joined, questions
from tuner.reporting.collect.release_state import job_sentence
from tuner.reporting.collect.run_artifacts import Artifacts, Reading, gather, shaped
from tuner.reporting.collect.timeline import timeline
from tuner.reporting.collect.verdict import verdict

# These parts of scores.json have places of their own in the report.
_PLACED = ("schema_version", "metrics", "questions", "verdict", "people", "agreement", "review", "earlier", "gate")


def build(
    folder: RunFolder,
    failure: Failure | None = None,
    status: Status | None = None,
    execution_arn: str | None = None,
    at: datetime | None = None,
) -> Report:
    """The report of the run in `folder`, as far as the run got.

    `status` is SUCCEEDED without a `failure` and FAILED with one, unless given. `execution_arn` serves a run that
    never wrote its run.json. Raises EvaluationError, naming the artifact, when one is not of the documented shape; the
    report of a failure leaves it out and says so in `unreadable`.
    """
    ended = at or now()
    reading = Reading(lenient=failure is not None)
    made = gather(folder, reading)
    if failure and (said := reading.of(lambda: _job(folder), None)):
        failure = failure.model_copy(update={"message": f"{failure.message}\n{said}"})
    serving = _serving(made.serving, ended)
    models = named_models(made.manifest, made.training, serving, made.scoring, made.generated)
    nothing: dict[str, Any] = {"verdict": verdict(failure, None), "questions": ()}
    evaluation = reading.of(lambda: _evaluation(folder, made, failure), nothing)
    return Report(
        run_id=folder.run_id,
        status=status or ("FAILED" if failure else "SUCCEEDED"),
        failure=failure,
        ended_at=iso(ended),
        folder=folder.uri(),
        stand_ins=tuple(stand_ins(models)),
        models=models,
        training=made.training,
        serving=serving,
        commitment=made.commitment,
        estimate=made.estimate,
        approval=made.approval,
        bill=bill(made.estimate, _usage(made, serving, evaluation["questions"])),
        break_even=_break_even(made, evaluation["questions"]),
        timeline=timeline(made.manifest, _written(folder, ended), made.training, serving, made.approval),
        dataset_summary=made.dataset_summary,
        findings=made.findings,
        generated=made.generated,
        gate=made.gate if made.gate and made.gate.decision != "none" else None,
        unreadable=tuple(reading.unreadable),
        **evaluation,
        **_pinned(made, execution_arn),
    )


def _usage(made: Artifacts, serving: Serving | None, asked: Iterable[Question]) -> Usage:
    return Usage(made.training, serving, tuple(asked), made.scoring.get("judge") or {}, made.commitment)


def _break_even(made: Artifacts, asked: Iterable[Question]) -> BreakEven | None:
    """With the tokens that the tuned model really took: its answers, and questions without passages."""
    if made.manifest is None or made.estimate is None or not made.estimate.rates:
        return None
    settings, tuned = made.manifest.settings, [question.tuned for question in asked if question.tuned]
    read = [answer.input_tokens for answer in tuned if answer.input_tokens]
    written = [answer.output_tokens for answer in tuned if answer.output_tokens]
    assumed = assumptions(settings.break_even, settings.model_units, read, written)
    on_demand = catalog.family_of(made.manifest.base_model).on_demand_deployment
    return break_even(assumed, made.estimate.rates, on_demand) if assumed else None


def _job(folder: RunFolder) -> str | None:
    with shaped(folder.uri(Keys.TRAINING_JOB)):
        return job_sentence(folder)


def _evaluation(folder: RunFolder, made: Artifacts, failure: Failure | None) -> dict[str, Any]:
    scoring = made.scoring
    with shaped(folder.uri(Keys.SCORES)):
        scores = {name: Metric.model_validate(value) for name, value in scoring.get("metrics", {}).items()}
        conclusion = verdict(failure, scoring.get("verdict"))
    asked = covered(questions(folder, scoring, scores, conclusion.metric), made.dataset_summary)
    return {
        "verdict": conclusion,
        "scores": scores,
        **_beside(scoring),
        "earlier": _earlier(folder, scoring),
        "questions": asked,
    }


def _earlier(folder: RunFolder, scoring: Mapping[str, Any]) -> Earlier | None:
    found = scoring.get("earlier")
    if not found:
        return None
    with shaped(folder.uri(Keys.SCORES)):
        metrics = {name: Metric.model_validate(value) for name, value in found["metrics"].items()}
        means = {name: entry.base.mean for name, entry in metrics.items() if entry.base and entry.base.mean is not None}
        return Earlier(run_id=found["run_id"], ended_at=found["ended_at"], scores=means, metrics=metrics)


def build_comparison(
    name: str,
    records: Iterable[Mapping[str, Any]],
    answers: Mapping[ContestantName, Iterable[Mapping[str, Any]]],
    scoring: Mapping[str, Any],
    folder: str,
) -> Report:
    """The report of answers from anywhere, without a run: what was asked and answered, and scores.json.

    `records` are {"id", "question", "reference"}, `answers` {"id", "answer"} per model; `folder` is where it all lies.
    """
    scores = {key: Metric.model_validate(value) for key, value in scoring["metrics"].items()}
    models = named_models(None, None, None, scoring)
    decided = verdict(None, scoring["verdict"])
    return Report(
        run_id=name,
        status="SUCCEEDED",
        ended_at=iso(now()),
        folder=folder,
        stand_ins=tuple(stand_ins(models)),
        models=models,
        verdict=decided,
        scores=scores,
        gate=Gate.model_validate(scoring["gate"]) if scoring.get("gate") else None,
        questions=joined(records, answers, scoring, scores, decided.metric),
        versions={"bedrock-tuner": __version__},
        **_beside(scoring),
    )


def _beside(scoring: Mapping[str, Any]) -> dict[str, Any]:
    """What scores.json says beside metrics and questions."""
    return {
        "people": scoring.get("people"),
        "agreement": scoring.get("agreement", ()),
        "scoring": {key: value for key, value in scoring.items() if key not in _PLACED},
    }


def _pinned(made: Artifacts, execution_arn: str | None) -> dict[str, Any]:
    manifest = made.manifest
    if manifest is None:
        return {"execution_arn": execution_arn}
    return {
        "dataset": manifest.dataset,
        "started_at": manifest.started_at,
        "execution_arn": manifest.execution_arn,
        "inputs": manifest.inputs,
        "settings": manifest.settings.model_dump(mode="json"),
        "hyperparameters": (made.training and made.training.hyperparameters) or manifest.hyperparameters,
        "versions": manifest.versions,
    }


def _written(folder: RunFolder, ended: datetime) -> dict[str, datetime]:
    """What was written until the run ended: a report that is made anew later shows the run, not its reviews."""
    return {name: when for name, when in folder.last_modified().items() if when <= ended}


def _serving(serving: Serving | None, until: datetime) -> Serving | None:
    """With the seconds it is paid for; an endpoint that was not released yet is paid for until now."""
    if serving is None or serving.kind == "on_demand" or serving.created_at is None:
        return serving
    end = datetime.fromisoformat(serving.released_at) if serving.released_at else until
    return serving.model_copy(update={"paid_seconds": seconds_since(serving.created_at, end)})
