"""One local cloud with the app deployed into it, for all tests that need it."""

import os

import boto3
import pytest

from local import cloud
from local.folder import FOLDER_VARIABLE
from tests.e2e.pipeline import Pipeline


@pytest.fixture(scope="session")
def deployed(tmp_path_factory):
    """The environment of a client of the cloud; ended, with everything in it, after the last test."""
    before = dict(os.environ)
    os.environ[FOLDER_VARIABLE] = str(tmp_path_factory.mktemp("deployed") / "cloud")
    try:
        cloud.up(engine="tiny")
        yield cloud.env().applied_to(os.environ)
    finally:
        cloud.down()
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture
def pipeline(deployed, monkeypatch):
    """The deployed pipeline, as the account's administrator sees it."""
    for name, value in deployed.items():
        monkeypatch.setenv(name, value)
    return Pipeline(boto3.Session())
