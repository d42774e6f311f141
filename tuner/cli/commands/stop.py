"""`tuner stop`: ends a run, and waits until its training and throughput are released."""

from __future__ import annotations

import time

from botocore.exceptions import ClientError

from tuner.aws.bedrock.training_jobs import TrainingJobs
from tuner.aws.clients import client
from tuner.aws.error_mapping import code_of, mapped_errors
from tuner.aws.executions import Executions
from tuner.aws.s3.training_index import TrainingIndex
from tuner.cli import run_lookup
from tuner.cli.deployment import DEFAULT_STACK, Deployment, local_endpoint
from tuner.cli.errors import CommandError
from tuner.cli.options import Local, Reference, Stack, connect
from tuner.cli.progress.paid_window import live_throughput
from tuner.cli.terminal.console import console, say
from tuner.core.errors import StillAliveError
from tuner.core.run import again_command
from tuner.serving.release import Release, may_be_buying
from tuner.training.job_record import used_by_others

_RELEASE_SECONDS = 900


def stop(reference: Reference, stack: Stack = DEFAULT_STACK, on_local: Local = False) -> None:
    """End a run: stop its training and release its throughput. Waits until the release is complete."""
    deployment = connect(stack, on_local)
    run = run_lookup.resolve(deployment, reference)
    if run.over:
        say(f"The run {run.run_id} has already ended ({run.status}).")
    else:
        _stop_execution(deployment, run.run_id)
        say(f"The run {run.run_id} is stopped. Its throughput is being released.")
    _stop_training(deployment, run.run_id)
    _watch_release(deployment, run.run_id)
    if not run.over and may_be_buying(deployment.folder(run.run_id)):
        say(
            "A purchase may be in progress. It is released when it appears, usually within a minute; "
            "'tuner throughput' lists what still exists.",
            "warn",
        )


def _stop_execution(deployment: Deployment, run_id: str) -> None:
    with mapped_errors(f"stop the run '{run_id}'"):
        try:
            client("stepfunctions").stop_execution(
                executionArn=deployment.execution_arn(run_id), error="Stopped", cause="Stopped with 'tuner stop'."
            )
        except ClientError as error:
            if code_of(error) != "ValidationException":  # the execution ended meanwhile
                raise


def _stop_training(deployment: Deployment, run_id: str) -> None:
    """Stops the customization job at once, with the release function's own code.

    A job that is about to complete, or that another run uses, is not stopped. The release function records what ended:
    who stops a run may not write into its folder.
    """
    status_of = Executions(deployment.state_machine_arn).status
    shared = used_by_others(TrainingIndex(deployment.artifacts_bucket), status_of)
    release = Release(
        (TrainingJobs(),), deployment.settings.name, deployment.folder, lambda _: None, shared, records=False
    )
    try:
        outcome = release.run(run_id)
    except StillAliveError as error:  # the release function retries
        say(str(error), "warn")
        return
    for arn in outcome.released:
        say(f"The customization job {arn} is being stopped. Bedrock charges for the training so far.")
    for arn in outcome.completing:
        say(f"The job {arn} has finished training and may complete. To use its model: {again_command(run_id)}")


def _watch_release(deployment: Deployment, run_id: str) -> None:
    deadline = time.monotonic() + _RELEASE_SECONDS
    with console().status("Waiting for the release"):
        while live := live_throughput(deployment, run_id):
            if time.monotonic() > deadline:
                raise CommandError(
                    f"Still not released, and still billed: {', '.join(entry.arn for entry in live)}. The hourly "
                    f"sweep tries again. To release it now: tuner throughput release {live[0].arn}"
                )
            time.sleep(1 if local_endpoint() else 5)
    say("Throughput left: none", "good")
