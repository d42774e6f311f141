"""Tests of preprocess and validate: they write the run's dataset, or only the findings."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import boto3
import pytest
from moto import mock_aws

from lambdas import preprocess, validate
from tests.doubles import stored_json
from tests.unit.datasets.memory_files import NOVA, jsonl, pairs
from tuner.artifacts.manifest import Manifest, PinnedInput
from tuner.aws.clients import client
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.errors import DatasetError
from tuner.settings import RunSettings

RUN = "faq-0123456789ab"
CONTEXT = SimpleNamespace(
    function_name="f", memory_limit_in_mb=1, invoked_function_arn="arn:f", aws_request_id="r", log_group_name="g"
)


@pytest.fixture
def drop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[dict[str, bytes]], RunFolder]]:
    """Puts files into the data bucket, pins them, and overwrites them with something else."""
    with mock_aws():
        client.cache_clear()
        s3 = boto3.client("s3")
        for bucket in ("data", "artifacts"):
            s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket="data", VersioningConfiguration={"Status": "Enabled"})
        environment = {
            "DEPLOYMENT": json.dumps({"shard_size": 3}),
            "DATA_BUCKET": "data",
            "ARTIFACTS_BUCKET": "artifacts",
            "POWERTOOLS_TRACE_DISABLED": "1",
            "POWERTOOLS_METRICS_NAMESPACE": "T",
            "POWERTOOLS_SERVICE_NAME": "t",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)

        def _drop(files: dict[str, bytes]) -> RunFolder:
            inputs = []
            for name, body in files.items():
                key = f"incoming/faq/{name}"
                version = s3.put_object(Bucket="data", Key=key, Body=body)["VersionId"]
                s3.put_object(Bucket="data", Key=key, Body=b"uploaded later")
                role = name.split(".")[0]
                inputs.append(PinnedInput(role=role, key=key, version_id=version, size=len(body), sha256="0" * 64))
            folder = RunFolder("artifacts", RUN)
            manifest = Manifest(
                run_id=RUN,
                dataset="faq",
                execution_arn="arn:e",
                started_at="2026-01-01T00:00:00Z",
                data_bucket="data",
                inputs=tuple(inputs),
                settings=RunSettings(system_prompt="Be kind."),
                base_model=NOVA,
                base_endpoint="e",
                base_model_name="Nova Micro",
                judge_model="j",
                hyperparameters={},
                resource_name=f"tuner-{RUN}",
                versions={},
            )
            folder.write(Keys.MANIFEST, manifest.model_dump_json().encode())
            return folder

        yield _drop
        client.cache_clear()


def test_the_pinned_versions_are_converted_into_the_runs_dataset(drop):
    folder = drop({"training.jsonl": jsonl(pairs(10)), "validation.jsonl": jsonl(pairs(7, 50))})
    assert preprocess.handler({"run_id": RUN}, CONTEXT) == {
        "training_records": 10,
        "validation_records": 7,
        "evaluation_records": 7,
        "shard_size": 3,
        "shards": [0, 1, 2],
        "lanes": [[0, 1, 2]],
    }
    assert validate.handler({"run_id": RUN}, CONTEXT) == {"warnings": 0}
    assert folder.list("dataset/") == sorted(
        [Keys.TRAINING, Keys.VALIDATION, Keys.EVALUATION, Keys.FINDINGS, Keys.DATASET_SUMMARY]
    )
    [first, *_] = folder.read_lines(Keys.TRAINING)
    assert first["system"] == [{"text": "Be kind."}]


def test_a_dataset_with_errors_is_refused_and_not_written(drop):
    folder = drop({"training.jsonl": jsonl(pairs(10)), "validation.jsonl": b'{"question": "q"}\n'})
    preprocess.handler({"run_id": RUN}, CONTEXT)
    with pytest.raises(DatasetError, match=r"validation\.jsonl, line 1: no field holds the answer"):
        validate.handler({"run_id": RUN}, CONTEXT)
    assert folder.list("dataset/") == [Keys.FINDINGS, Keys.DATASET_SUMMARY]
    assert stored_json(folder, Keys.FINDINGS)["errors"] == 1
