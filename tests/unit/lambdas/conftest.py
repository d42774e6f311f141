"""Fixtures: the functions' environment, and two buckets with a run's folder."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from moto import mock_aws

from tests.doubles import RUN, create_state_table, manifest
from tests.unit.lambdas.steps import GROUP, MACHINE, SETTINGS
from tuner.artifacts.manifest import PinnedInput
from tuner.aws.clients import client
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.run import role_of


@pytest.fixture(autouse=True)
def _no_pauses_between_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A release looks several times, some time apart, whether an endpoint is gone."""
    monkeypatch.setattr("tuner.serving.deletion._PAUSE_SECONDS", 0)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment variables of the functions."""
    values = {
        "DEPLOYMENT": json.dumps(SETTINGS),
        "DATA_BUCKET": "data",
        "ARTIFACTS_BUCKET": "artifacts",
        "STATE_MACHINE_ARN": MACHINE,
        "CUSTOMIZATION_ROLE_ARN": "arn:aws:iam::123456789012:role/customization",
        "RELEASE_FUNCTION_ARN": "arn:aws:lambda:us-east-1:123456789012:function:tuner-release-throughput",
        "SCHEDULER_ROLE_ARN": "arn:aws:iam::123456789012:role/scheduler",
        "SCHEDULE_GROUP": GROUP,
        "STATE_TABLE": "state",
        "TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:topic",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def cloud(environment: None) -> Iterator[RunFolder]:
    """Two buckets, a schedule group, and the run's folder with its manifest."""
    with mock_aws():
        s3 = client("s3")
        for bucket in ("data", "artifacts"):
            s3.create_bucket(Bucket=bucket)
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        create_state_table()
        client("scheduler").create_schedule_group(Name=GROUP)
        folder = RunFolder("artifacts", RUN)
        folder.write(Keys.MANIFEST, manifest().model_dump_json().encode())
        yield folder


Drop = Callable[..., RunFolder]


@pytest.fixture
def drop(cloud: RunFolder) -> Drop:
    """Puts files into the data bucket, pins them for a run with these settings, and overwrites them."""
    s3 = client("s3")

    def pinned(name: str, body: bytes) -> PinnedInput:
        key, role = f"incoming/faq/{name}", role_of(name)
        version = s3.put_object(Bucket="data", Key=key, Body=body)["VersionId"]
        s3.put_object(Bucket="data", Key=key, Body=b"uploaded later")
        assert role
        return PinnedInput(role=role, key=key, version_id=version, size=len(body), sha256="0" * 64)

    def dropped(files: dict[str, bytes], **settings: Any) -> RunFolder:
        inputs = tuple(pinned(name, body) for name, body in files.items())
        cloud.save(manifest(**settings).model_copy(update={"inputs": inputs}))
        return cloud

    return dropped
