"""Tests of generate_validation, and of preprocessing with its result."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from lambdas import generate_validation, preprocess, validate
from tests.doubles import RUN, manifest, stored_json
from tests.unit.datasets.memory_files import jsonl, pairs
from tests.unit.generation.samples import Writer, sentences
from tuner.artifacts.manifest import PinnedInput
from tuner.aws.clients import client
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.errors import DatasetError
from tuner.core.run import role_of
from tuner.generation import requests

CONTEXT = SimpleNamespace(
    function_name="f", memory_limit_in_mb=1, invoked_function_arn="arn:f", aws_request_id="r", log_group_name="g"
)
Drop = Callable[[dict[str, bytes]], RunFolder]


@pytest.fixture
def writer(monkeypatch: pytest.MonkeyPatch) -> Writer:
    found = Writer()
    monkeypatch.setattr(requests, "fill_in_tool", lambda *asked, documents: found(*asked, documents))
    return found


@pytest.fixture
def drop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Drop]:
    """Pins files, and overwrites them with something else."""
    with mock_aws():
        client.cache_clear()
        s3 = boto3.client("s3")
        for bucket in ("data", "artifacts"):
            s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket="data", VersioningConfiguration={"Status": "Enabled"})
        environment = {"DEPLOYMENT": json.dumps({}), "DATA_BUCKET": "data", "ARTIFACTS_BUCKET": "artifacts"}
        for name, value in environment.items():
            monkeypatch.setenv(name, value)

        def _drop(files: dict[str, bytes]) -> RunFolder:
            inputs = []
            for name, body in files.items():
                key = f"incoming/faq/{name}"
                version = s3.put_object(Bucket="data", Key=key, Body=body)["VersionId"]
                s3.put_object(Bucket="data", Key=key, Body=b"uploaded later")
                role: Any = role_of(name)
                inputs.append(PinnedInput(role=role, key=key, version_id=version, size=len(body), sha256="0" * 64))
            folder = RunFolder("artifacts", RUN)
            run = manifest(generate={"count": 10}).model_copy(update={"inputs": tuple(inputs)})
            folder.write(Keys.MANIFEST, run.model_dump_json().encode())
            return folder

        yield _drop
        client.cache_clear()


def documents(count: int) -> dict[str, bytes]:
    return {f"documents/deep/{n}.txt": "\n\n".join(sentences(20, 20 * n)).encode() for n in range(count)}


def test_validation_data_is_generated_from_the_pinned_documents(drop: Drop, writer: Writer) -> None:
    folder = drop({"training.jsonl": jsonl(pairs(12)), **documents(2)})
    assert generate_validation.handler({"run_id": RUN}, CONTEXT) == {"done": True, "pairs": 10}
    prepared = preprocess.handler({"run_id": RUN}, CONTEXT)
    assert (prepared["training_records"], prepared["validation_records"], prepared["evaluation_records"]) == (
        12,
        10,
        10,
    )
    assert validate.handler({"run_id": RUN}, CONTEXT)["warnings"] == 0
    summary = stored_json(folder, Keys.DATASET_SUMMARY)
    assert summary["validation_from"] == "generated from documents"
    assert [each["document"] for each in folder.read_lines(Keys.GENERATED)] == ["deep/0.txt"] * 5 + ["deep/1.txt"] * 5
    assert len(folder.list(Keys.GENERATED_REPLIES)) == len(writer.calls)


def test_training_data_with_errors_is_refused_and_no_model_is_invoked(drop: Drop, writer: Writer) -> None:
    folder = drop({"training.jsonl": jsonl(pairs(12)) + b'{"question": "q"}\n', **documents(1)})
    assert generate_validation.handler({"run_id": RUN}, CONTEXT) == {"done": True, "pairs": 0}
    preprocess.handler({"run_id": RUN}, CONTEXT)
    with pytest.raises(DatasetError, match=r"training\.jsonl, line 13"):
        validate.handler({"run_id": RUN}, CONTEXT)
    assert not writer.calls
    assert stored_json(folder, Keys.DATASET_SUMMARY)["validation_from"] == "held out"


def test_a_dataset_with_validation_data_ignores_its_documents(drop: Drop) -> None:
    folder = drop({"training.jsonl": jsonl(pairs(12)), "validation.jsonl": jsonl(pairs(9, 50)), **documents(1)})
    assert not folder.manifest().generates
    assert preprocess.handler({"run_id": RUN}, CONTEXT)["validation_records"] == 9
    assert stored_json(folder, Keys.DATASET_SUMMARY)["validation_from"] == "file"
