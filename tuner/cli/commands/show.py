"""`tuner show`: the result of a run, or its progress."""

from __future__ import annotations

from dataclasses import asdict

from tuner.artifacts.base import Artifact
from tuner.artifacts.costs.estimate import Estimate
from tuner.artifacts.dataset import DatasetSummary
from tuner.artifacts.generated import GeneratedSummary
from tuner.artifacts.serving import EndpointRecord
from tuner.artifacts.training import TrainingSummary
from tuner.aws.s3.run_folder import RunFolder
from tuner.cli import run_lookup
from tuner.cli.deployment import DEFAULT_STACK, Deployment
from tuner.cli.options import Json, Local, Reference, Stack, connect
from tuner.cli.progress.display import LiveDisplay
from tuner.cli.progress.executions import Run
from tuner.cli.progress.follow import Follower, Snapshot
from tuner.cli.progress.outcome import conclude, read_report
from tuner.cli.progress.paid_window import live_throughput, resource_json
from tuner.cli.run_lookup import LATEST
from tuner.cli.terminal.console import console, emit
from tuner.core.strict_model import JsonObject
from tuner.core.times import now


def show(
    reference: Reference = LATEST, as_json: Json = False, stack: Stack = DEFAULT_STACK, on_local: Local = False
) -> None:
    """Show a run's result, or its progress and what it still costs."""
    deployment = connect(stack, on_local)
    run = run_lookup.resolve(deployment, reference)
    if as_json:
        report = read_report(deployment, run.run_id)
        document = report.to_document() if report else _progress_document(deployment, run)
        live = live_throughput(deployment, run.run_id)
        emit({**document, "live_throughput": [resource_json(entry) for entry in live]})
        return
    if run.archived:
        conclude(console(), deployment, run)
        return
    follower = Follower(deployment, run.run_id)
    snapshot = follower.poll()
    console().print(LiveDisplay(snapshot, folds=False))
    if snapshot.run.over:
        conclude(console(), deployment, snapshot.run, snapshot.failed, follower.plan)


def _progress_document(deployment: Deployment, run: Run) -> JsonObject:
    """What is known of a run without a report, under the report's own member names where it has them."""
    snapshot: Snapshot = Follower(deployment, run.run_id).poll()
    folder = deployment.folder(run.run_id)
    return {
        **{key: value for key, value in run.as_json().items() if key != "took_seconds"},
        "failure": {"error": run.error, "message": run.cause} if run.error else None,
        "execution_arn": deployment.execution_arn(run.run_id),
        "folder": folder.uri(),
        "steps": [{"name": step.name, "state": step.mark, "seconds": step.seconds(now())} for step in snapshot.steps],
        "training": asdict(snapshot.training) if snapshot.training else _written(folder, TrainingSummary),
        "generated": _written(folder, GeneratedSummary),
        "dataset_summary": _written(folder, DatasetSummary),
        "estimate": _written(folder, Estimate),
        "serving": _written(folder, EndpointRecord),
    }


def _written(folder: RunFolder, model: type[Artifact]) -> JsonObject | None:
    artifact = folder.load_if_present(model)
    return artifact.to_document() if artifact else None
