"""Reads the progress of the customization job.

Bedrock reports stages only. The local cloud also reports steps, epochs and losses while it trains.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError, ClientError
from botocore.httpsession import URLLib3Session
from pydantic import BaseModel

from tuner.artifacts.training import JobRecord
from tuner.aws.clients import Response, client
from tuner.aws.error_mapping import code_of, mapped_errors
from tuner.cli.deployment import Deployment, local_endpoint
from tuner.core.resource_names import resource_name
from tuner.training.job_record import job_records

# The state during which the job runs (statemachine/customization.asl.json).
STEP = "Wait for the training"
_ENDED = {"Completed", "Failed", "Stopped", "refused"}
_STAGES = {"validationDetails": "validation", "dataProcessingDetails": "data processing", "trainingDetails": "training"}


@dataclass(frozen=True, slots=True)
class EpochLosses:
    """Mean losses of one epoch; None when there is none yet."""

    number: int
    training_loss: float | None
    validation_loss: float | None


@dataclass(frozen=True, slots=True)
class TrainingProgress:
    """Progress of a job. `steps` is 0 when only stages are known."""

    status: str
    stages: tuple[tuple[str, str], ...] = ()
    step: int = 0
    steps: int = 0
    epoch: int = 0
    epochs: int = 0
    loss: float | None = None
    done: tuple[EpochLosses, ...] = ()
    adopted_from: str | None = None


def progress(deployment: Deployment, run_id: str) -> TrainingProgress | None:
    """The run's job, or None before there is one."""
    records = job_records(deployment.folder(run_id))
    if records and "" not in records:
        return _of_candidates(tuple(records.values()))
    found = records.get("")
    name = found.job_name if found else resource_name(deployment.settings.name, run_id)
    adopted_from = found.trained_by if found and found.adopted else None
    job = _job(name)
    if job is None:
        return None
    details = job.get("statusDetails", {})
    stages = tuple(
        (label, details[key]["status"]) for key, label in _STAGES.items() if "status" in details.get(key, {})
    )
    seen = TrainingProgress(job["status"], stages, adopted_from=adopted_from)
    reported = _local_progress(name) if local_endpoint() else None
    return with_steps(seen, reported) if reported else seen


def _job(name: str) -> Response | None:
    with mapped_errors(f"read the customization job '{name}'"):
        try:
            job: Response = client("bedrock").get_model_customization_job(jobIdentifier=name)
            return job
        except ClientError as error:
            if code_of(error) in ("ResourceNotFoundException", "ValidationException"):
                return None
            raise


def _of_candidates(records: Sequence[JobRecord]) -> TrainingProgress:
    """The status of each candidate, in the place of the stages of a single job."""
    jobs = [_job(record.job_name) if record.job_arn else None for record in records]
    waiting = ["refused" if record.refused else "waits for a place" for record in records]
    statuses = [job["status"] if job else otherwise for job, otherwise in zip(jobs, waiting, strict=True)]
    over = all(status in _ENDED for status in statuses)
    stages = tuple((f"candidate {number}", status) for number, status in enumerate(statuses, 1))
    return TrainingProgress("Completed" if over else "InProgress", stages)


class _LossRow(BaseModel):
    """The training loss of one step."""

    epoch_number: int
    training_loss: float


class _ValidationRow(BaseModel):
    """The validation loss after one epoch."""

    epoch_number: int
    validation_loss: float


class LocalProgress(BaseModel):
    """`progress` in the local cloud's report of a job. Members that the display does not need are ignored."""

    step: int
    steps: int
    epoch: int
    epochs: int
    training: tuple[_LossRow, ...] = ()
    validation: tuple[_ValidationRow, ...] = ()
    finished: bool = False

    def losses(self) -> tuple[EpochLosses, ...]:
        """Mean losses of the epochs that are done: a later epoch began, or the validation loss is known."""
        validated = {row.epoch_number: row.validation_loss for row in self.validation}
        done = []
        for number in sorted({row.epoch_number for row in self.training}):
            losses = [row.training_loss for row in self.training if row.epoch_number == number]
            if number < self.epoch or number in validated or self.finished:
                done.append(EpochLosses(number, sum(losses) / len(losses), validated.get(number)))
        return tuple(done)


class _JobReport(BaseModel):
    """The local cloud's report of a job; `progress` is null before the training begins."""

    progress: LocalProgress | None = None


def _local_progress(name: str) -> LocalProgress | None:
    """The local cloud's progress report of a job, which AWS does not have; None before the training begins."""
    session = botocore.session.get_session()
    request = AWSRequest("GET", f"{local_endpoint()}/_local/bedrock/jobs/{name}")
    # Signed for Bedrock, because the local cloud routes a request by the service name of its signature.
    SigV4Auth(session.get_credentials(), "bedrock", session.get_config_variable("region")).add_auth(request)
    try:
        with closing(URLLib3Session(verify=os.environ.get("AWS_CA_BUNDLE", True), timeout=5)) as http:
            answer = http.send(request.prepare())
        return _JobReport.model_validate_json(answer.text).progress if answer.status_code == 200 else None
    except (BotoCoreError, ValueError):  # a ValidationError is a ValueError
        return None  # steps are only shown; the job's status, which decides, comes from Bedrock's API


def with_steps(seen: TrainingProgress, reported: LocalProgress) -> TrainingProgress:
    """The progress with the steps, epochs and losses of the local cloud's report."""
    return replace(
        seen,
        step=reported.step,
        steps=reported.steps,
        epoch=reported.epoch,
        epochs=reported.epochs,
        loss=reported.training[-1].training_loss if reported.training else None,
        done=reported.losses(),
    )
