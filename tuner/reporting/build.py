"""Gathers a run's artifacts into its report. What the run never made is absent from the report, and is no error."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tuner.aws.run_folder import RunFolder
from tuner.reporting.artifacts import find, read
from tuner.reporting.model import Estimate, Failure, Findings, Metric, Report, Serving, Status, Training
from tuner.reporting.named import named_models, stand_ins
from tuner.reporting.questions import questions
from tuner.reporting.timeline import timeline
from tuner.reporting.verdict import verdict
from tuner.run import Keys, Manifest
from tuner.times import iso, now, seconds_since

# These parts of scores.json have places of their own in the report.
_PLACED = ("schema_version", "metrics", "questions", "verdict")


def build(
    folder: RunFolder,
    failure: Failure | None = None,
    status: Status | None = None,
    execution_arn: str | None = None,
    at: datetime | None = None,
) -> Report:
    """The report of the run in `folder`, as far as the run got.

    `status` is SUCCEEDED without a `failure` and FAILED with one, unless given. `execution_arn` serves a run that
    never wrote its run.json. Raises EvaluationError, naming the artifact, when one is not of the documented shape.
    """
    ended = at or now()
    manifest = find(folder, Keys.MANIFEST, Manifest)
    training = find(folder, Keys.TRAINING_SUMMARY, Training)
    serving = _serving(find(folder, Keys.ENDPOINT, Serving), ended)
    scoring = folder.find_json(Keys.SCORES) or {}
    where = folder.uri(Keys.SCORES)
    scores = {name: read(Metric, value, where) for name, value in scoring.get("metrics", {}).items()}
    conclusion = verdict(failure, scoring.get("verdict"))
    models = named_models(manifest, training, serving, scoring)
    return Report(
        run_id=folder.run_id,
        status=status or ("FAILED" if failure else "SUCCEEDED"),
        failure=failure,
        verdict=conclusion,
        ended_at=iso(ended),
        folder=folder.uri(),
        stand_ins=tuple(stand_ins(models)),
        models=models,
        scores=scores,
        scoring={key: value for key, value in scoring.items() if key not in _PLACED},
        questions=questions(folder, scoring.get("questions", []), scores, conclusion.metric),
        training=training,
        serving=serving,
        estimate=find(folder, Keys.ESTIMATE, Estimate),
        timeline=timeline(manifest, folder.written(), training, serving),
        dataset_summary=folder.find_json(Keys.DATASET_SUMMARY) or {},
        findings=find(folder, Keys.FINDINGS, Findings),
        **_pinned(manifest, execution_arn),
    )


def _pinned(manifest: Manifest | None, execution_arn: str | None) -> dict[str, Any]:
    if manifest is None:
        return {"execution_arn": execution_arn}
    return {
        "dataset": manifest.dataset,
        "started_at": manifest.started_at,
        "execution_arn": manifest.execution_arn,
        "inputs": manifest.inputs,
        "settings": manifest.settings.model_dump(mode="json"),
        "hyperparameters": manifest.hyperparameters,
        "versions": manifest.versions,
    }


def _serving(serving: Serving | None, until: datetime) -> Serving | None:
    """With the seconds it is paid for; an endpoint that was not released yet is paid for until now."""
    if serving is None or serving.kind == "on_demand" or serving.created_at is None:
        return serving
    end = datetime.fromisoformat(serving.released_at) if serving.released_at else until
    return serving.model_copy(update={"paid_seconds": seconds_since(serving.created_at, end)})
