"""Reads the progress of the customization job.

Bedrock reports stages only. The local cloud also reports steps, epochs and losses while it trains.
"""

from __future__ import annotations

import json
import os
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError, ClientError
from botocore.httpsession import URLLib3Session

from tuner.artifacts.training import JobRecord
from tuner.aws.clients import client
from tuner.aws.error_mapping import code_of, translated
from tuner.cli.deployment import Deployment, local_endpoint
from tuner.core.resource_names import resource_name

# The state during which the job runs (statemachine/customization.asl.json).
STEP = "Wait for the training"
_STAGES = {"validationDetails": "validation", "dataProcessingDetails": "data processing", "trainingDetails": "training"}


@dataclass(frozen=True, slots=True)
class Epoch:
    """Mean losses of one epoch; None when there is none yet."""

    number: int
    training_loss: float | None
    validation_loss: float | None


@dataclass(frozen=True, slots=True)
class Training:
    """Progress of a job. `steps` is 0 when only stages are known."""

    status: str
    stages: tuple[tuple[str, str], ...] = ()
    step: int = 0
    steps: int = 0
    epoch: int = 0
    epochs: int = 0
    loss: float | None = None
    done: tuple[Epoch, ...] = ()
    adopted_from: str | None = None


def progress(deployment: Deployment, run_id: str) -> Training | None:
    """The run's job, or None before there is one."""
    found = deployment.folder(run_id).load_if_present(JobRecord)
    name = found.job_name if found else resource_name(deployment.settings.name, run_id)
    adopted_from = found.trained_by if found and found.adopted else None
    with translated(f"look at the customization job '{name}'"):
        try:
            job = client("bedrock").get_model_customization_job(jobIdentifier=name)
        except ClientError as error:
            if code_of(error) in ("ResourceNotFoundException", "ValidationException"):
                return None
            raise
    details = job.get("statusDetails", {})
    stages = tuple(
        (label, details[key]["status"]) for key, label in _STAGES.items() if "status" in details.get(key, {})
    )
    reported = _local_progress(name) if local_endpoint() else None
    seen = Training(job["status"], stages) if reported is None else _from_steps(job["status"], stages, reported)
    return replace(seen, adopted_from=adopted_from)


def _local_progress(name: str) -> dict[str, Any] | None:
    """The local cloud's progress report of a job, which AWS does not have; None before the training begins."""
    session = botocore.session.get_session()
    request = AWSRequest("GET", f"{local_endpoint()}/_local/bedrock/jobs/{name}")
    # Signed for Bedrock, because the local cloud routes a request by the service name of its signature.
    SigV4Auth(session.get_credentials(), "bedrock", session.get_config_variable("region")).add_auth(request)
    try:
        with closing(URLLib3Session(verify=os.environ.get("AWS_CA_BUNDLE", True), timeout=5)) as http:
            answer = http.send(request.prepare())
        found: dict[str, Any] | None = json.loads(answer.text).get("progress") if answer.status_code == 200 else None
        return found
    except (BotoCoreError, ValueError):
        return None  # steps are only shown; the job's status, which decides, comes from Bedrock's API


def _from_steps(status: str, stages: tuple[tuple[str, str], ...], reported: dict[str, Any]) -> Training:
    rows = reported.get("training", [])
    validated = {row["epoch_number"]: row["validation_loss"] for row in reported.get("validation", [])}
    epochs = []
    for number in sorted({row["epoch_number"] for row in rows}):
        losses = [row["training_loss"] for row in rows if row["epoch_number"] == number]
        if number < reported["epoch"] or number in validated or reported.get("finished"):
            epochs.append(Epoch(number, sum(losses) / len(losses), validated.get(number)))
    return Training(
        status=status,
        stages=stages,
        step=reported["step"],
        steps=reported["steps"],
        epoch=reported["epoch"],
        epochs=reported["epochs"],
        loss=rows[-1]["training_loss"] if rows else None,
        done=tuple(epochs),
    )
