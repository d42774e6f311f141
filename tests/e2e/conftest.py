"""One local cloud with the app deployed into it, for all tests that need it."""

import os
from pathlib import Path

import boto3
import pytest

from local import cloud
from local.folder import FOLDER_VARIABLE
from local.patches import EXTRA_PATCHES_VARIABLE
from tests.authorization import journal
from tests.e2e import own_scorer
from tests.e2e.clouds import synthesized
from tests.e2e.pipeline import Pipeline

_ENVIRONMENT = {
    "LOCAL_IDLE": "15",  # so that runs meet functions that are Inactive
    # Pauses between polls and before retries.
    "SFN_WAIT_SCALE": "0.1",
    "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.2",
    "LOCAL_PENDING": "0.1",
    "LOCAL_BEDROCK_JOB_STAGE_SECONDS": "0.1",
    "LOCAL_BEDROCK_THROUGHPUT_SECONDS": "0.5",
    "LOCAL_BEDROCK_DEPLOYMENT_SECONDS": "0.5",
    "LOCAL_BEDROCK_COMMITTED_MODEL_UNITS": "2",
    EXTRA_PATCHES_VARIABLE: journal.MODULE,
}
# What some of the runs ask for, as `-c` names it.
_SETTINGS = own_scorer.SETTINGS_WITH_MISSING | {"longest_keep_hours": "1", "commitments": "OneMonth"}


def pytest_collection_modifyitems(items):
    """Last comes what looks back at the calls of all tests."""
    items.sort(key=lambda item: item.path.name == "test_second_evaluator.py")


@pytest.fixture(scope="session")
def group():
    """The tests that share a cloud. A folder of this one overrides it."""
    return "e2e"


@pytest.fixture(scope="session")
def calls(tmp_path_factory):
    """The file that the cloud writes its authorization decisions to."""
    return tmp_path_factory.mktemp("calls") / "calls.jsonl"


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory) -> Path:
    """The folder of all workers."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def deployed(tmp_path_factory, shared_folder, calls, group):
    """The environment of a client of the cloud; ended, with everything in it, after the last test."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        # A second worker would deploy a second cloud for the group, and find the folder.
        (shared_folder / f"one worker deploys the cloud of {group}").mkdir()
    before = dict(os.environ)
    os.environ[FOLDER_VARIABLE] = str(tmp_path_factory.mktemp("deployed") / "cloud")
    os.environ |= {**_ENVIRONMENT, journal.JOURNAL_VARIABLE: str(calls)}
    try:
        cloud.up(engine="tiny", deploy=False)
        cloud.up(engine="tiny", app=synthesized(shared_folder, _SETTINGS))
        yield cloud.env().applied_to(os.environ)
    finally:
        cloud.down()
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture(scope="session")
def administrator(deployed):
    """The deployed pipeline, as the account's administrator sees it."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in deployed.items():
            patch.setenv(name, value)
        return Pipeline(boto3.Session())


@pytest.fixture
def pipeline(administrator, deployed, monkeypatch):
    """The deployed pipeline, in an environment in which every client is one of its cloud."""
    for name, value in deployed.items():
        monkeypatch.setenv(name, value)
    return administrator
