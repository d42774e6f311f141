"""A separate local cloud for these tests, without training and with short waits."""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import own_scorer
from tests.e2e.clouds import deployed_cloud
from tests.e2e.permissions.admin_pipeline import AdminPipeline
from tests.e2e.permissions.policies import Roles
from tests.e2e.permissions.proof import Proofs

_SHORT_WAITS = {
    "SFN_WAIT_SCALE": "0.02",
    "LOCAL_PENDING": "0",
    "LOCAL_BEDROCK_JOB_STAGE_SECONDS": "0",
    "LOCAL_BEDROCK_BATCH_STAGE_SECONDS": "0",
    "LOCAL_BEDROCK_BATCH_MINIMUM_RECORDS": "1",
    "LOCAL_BEDROCK_THROUGHPUT_SECONDS": "0",
    "LOCAL_BEDROCK_DEPLOYMENT_SECONDS": "0",
    "LOCAL_BEDROCK_COMMITTED_MODEL_UNITS": "100",
    "LOCAL_BEDROCK_MONTH_SECONDS": "2",
}
# Settings that some datasets need, and that make the sweep examine custom models.
_SETTINGS: dict[str, Any] = {
    "approval_hours": 0.001,
    "longest_keep_hours": 1,
    "commitments": ["OneMonth"],
    "model_retention_days": 1,
}


@pytest.fixture(scope="package")
def admin(tmp_path_factory):
    """The deployed pipeline. Its cloud is deleted after the last test."""
    folder = tmp_path_factory.mktemp("permissions") / "cloud"
    with deployed_cloud(folder, "instant", own_scorer.SETTINGS, _SHORT_WAITS) as pipeline:
        pipeline.change_settings(_SETTINGS)
        own_scorer.create(pipeline)
        yield AdminPipeline(pipeline)


@pytest.fixture(scope="package")
def roles(admin):
    """The deployed roles."""
    return Roles(admin.pipeline)


@pytest.fixture(scope="package")
def proofs(tmp_path_factory, worker_id):
    """The results of all workers, written to the page that $PERMISSION_PROOF names if it is complete with them."""
    own = tmp_path_factory.getbasetemp()
    found = Proofs((own if worker_id == "master" else own.parent) / "permission-proofs.jsonl")
    yield found
    if path := os.environ.get("PERMISSION_PROOF"):
        found.write(Path(path))
