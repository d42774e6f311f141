"""`tuner stop`: end a run and see that nothing of it is left alive."""

from __future__ import annotations

import time

from botocore.exceptions import ClientError

from tuner.aws.clients import client
from tuner.aws.translate import code_of, translated
from tuner.cli import references
from tuner.cli.console import console, say
from tuner.cli.deployment import DEFAULT_STACK, Deployment, local_endpoint
from tuner.cli.errors import CommandError
from tuner.cli.money import live_throughput
from tuner.cli.options import Local, Reference, Stack, connect
from tuner.cli.training import progress
from tuner.run import resource_name
from tuner.serving.release import may_be_buying

_RELEASE_SECONDS = 900


def stop(reference: Reference, stack: Stack = DEFAULT_STACK, on_local: Local = False) -> None:
    """End a run: its training is stopped, its throughput released. Waits until nothing of it is alive."""
    deployment = connect(stack, on_local)
    run = references.resolve(deployment, reference)
    if run.over:
        say(f"The run {run.run_id} is over already ({run.status}).")
    else:
        _stop_execution(deployment, run.run_id)
        say(f"The run {run.run_id} is stopped. What it paid for is being released.")
    _stop_training(deployment, run.run_id)
    _watch_release(deployment, run.run_id)
    if not run.over and may_be_buying(deployment.folder(run.run_id)):
        say(
            "If it was buying in this moment, that is released as it appears, within a minute as a rule; "
            "'tuner throughput' shows what is alive.",
            "warn",
        )


def _stop_execution(deployment: Deployment, run_id: str) -> None:
    with translated(f"stop the run '{run_id}'"):
        try:
            client("stepfunctions").stop_execution(
                executionArn=deployment.execution_arn(run_id), error="Stopped", cause="Stopped with 'tuner stop'."
            )
        except ClientError as error:
            if code_of(error) != "ValidationException":  # it ended in between
                raise


def _stop_training(deployment: Deployment, run_id: str) -> None:
    """An execution that is stopped leaves its customization job training, at the account's cost."""
    job = progress(deployment, run_id)
    if job and job.status == "InProgress":
        name = resource_name(deployment.settings.name, run_id)
        with translated(f"stop the customization job '{name}'"):
            client("bedrock").stop_model_customization_job(jobIdentifier=name)
        say(f"The customization job {name} is told to stop.")


def _watch_release(deployment: Deployment, run_id: str) -> None:
    deadline = time.monotonic() + _RELEASE_SECONDS
    with console().status("Waiting until nothing of it is alive"):
        while live := live_throughput(deployment, run_id):
            if time.monotonic() > deadline:
                raise CommandError(
                    f"Still alive and paid for: {', '.join(entry['arn'] for entry in live)}. The hourly sweep tries "
                    "again; so does: tuner throughput release ARN"
                )
            time.sleep(1 if local_endpoint() else 5)
    say("Throughput left: none", "good")
