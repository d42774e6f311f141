"""Fixtures: the functions' environment, and two buckets with a run's folder."""

import json
from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from tests.doubles import RUN, manifest
from tests.unit.lambdas.steps import GROUP, MACHINE, SETTINGS
from tuner.aws.clients import client
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys


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
        "TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:topic",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def cloud(environment: None) -> Iterator[RunFolder]:
    """Two buckets, a schedule group, and the run's folder with its manifest."""
    with mock_aws():
        client.cache_clear()
        s3 = boto3.client("s3")
        for bucket in ("data", "artifacts"):
            s3.create_bucket(Bucket=bucket)
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        boto3.client("scheduler").create_schedule_group(Name=GROUP)
        folder = RunFolder("artifacts", RUN)
        folder.write(Keys.MANIFEST, manifest().model_dump_json().encode())
        yield folder
        client.cache_clear()
