"""A separate local cloud for these tests, without training and with short waits."""

import os
from pathlib import Path

import boto3
import pytest

from local import cloud
from local.folder import FOLDER_VARIABLE
from tests.e2e.permissions.policies import Roles
from tests.e2e.permissions.proof import Proofs
from tests.e2e.permissions.stage import Stage
from tests.e2e.pipeline import Pipeline

_QUICK = {
    "SFN_WAIT_SCALE": "0.02",
    "LOCAL_PENDING": "0",
    "LOCAL_BEDROCK_JOB_STAGE_SECONDS": "0",
    "LOCAL_BEDROCK_THROUGHPUT_SECONDS": "0",
    "LOCAL_BEDROCK_DEPLOYMENT_SECONDS": "0",
    "LOCAL_BEDROCK_COMMITTED_MODEL_UNITS": "100",
    "LOCAL_BEDROCK_MONTH_SECONDS": "2",
}
# What some of the datasets ask for, and what the sweep needs in order to look at models.
_ALLOWS = {
    "approval_hours": 0.001,
    "longest_keep_hours": 1,
    "commitments": ["OneMonth"],
    "model_retention_days": 1,
}


@pytest.fixture(scope="package")
def stage(tmp_path_factory):
    """The deployed pipeline; ended, with everything in it, after the last test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(tmp_path_factory.mktemp("permissions") / "cloud"))
        for name, value in _QUICK.items():
            patch.setenv(name, value)
        try:
            cloud.up(engine="instant")
            for name, value in cloud.env().applied_to(os.environ).items():
                patch.setenv(name, value)
            stage = Stage(Pipeline(boto3.Session()))
            stage.allow(_ALLOWS)
            yield stage
        finally:
            cloud.down()


@pytest.fixture(scope="package")
def roles(stage):
    """The deployed roles."""
    return Roles(stage.pipeline)


@pytest.fixture(scope="package")
def proofs(tmp_path_factory, worker_id):
    """What was shown, by all workers. Written to the file that $PERMISSION_PROOF names, if nothing is missing."""
    own = tmp_path_factory.getbasetemp()
    found = Proofs((own if worker_id == "master" else own.parent) / "permission-proofs.jsonl")
    yield found
    if (path := os.environ.get("PERMISSION_PROOF")) and found.complete():
        Path(path).write_text(found.page())
