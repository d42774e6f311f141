"""Tests of the encoder archive: it is downloaded once, and only the deployed archive is accepted."""

from __future__ import annotations

import hashlib
import io
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ReadTimeoutError
from moto import mock_aws

from tuner.aws.s3 import encoder_object
from tuner.aws.s3.encoder_object import EncoderObject
from tuner.core.errors import AccessDeniedError, AwsError, EvaluationError, RetryableError
from tuner.evaluation.encoder.files import BuiltEncoder, DeployedEncoder
from tuner.evaluation.encoder.manifest import MANIFEST
from tuner.evaluation.metrics.bertscore import score

pytestmark = pytest.mark.slow

BUCKET, KEY = "assets", "encoder.tar"


@pytest.fixture(scope="module")
def archive() -> Path:
    folder = BuiltEncoder().folder()
    return folder.with_name(f"{folder.name}.tar")


@pytest.fixture(scope="module")
def digest() -> str:
    return hashlib.sha256((BuiltEncoder().folder() / MANIFEST).read_bytes()).hexdigest()


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """A bucket, and a temporary folder of a fresh execution environment."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        monkeypatch.setattr(encoder_object, "client", lambda service: client)
        yield client


def test_the_archive_is_downloaded_once_and_scores_like_the_built_encoder(
    s3: Any, archive: Path, digest: str, tmp_path: Path
) -> None:
    s3.upload_file(str(archive), BUCKET, KEY)
    source = DeployedEncoder(EncoderObject(BUCKET, KEY), digest)
    pairs = [("Agents call tools.", "An agent calls tools.")]
    assert list(score(source.load(), pairs)) == list(score(BuiltEncoder().load(), pairs))
    s3.delete_object(Bucket=BUCKET, Key=KEY)
    assert source.load() is source.load()
    assert [path.name for path in tmp_path.iterdir()] == [f"encoder-{digest}"]


def test_an_archive_that_was_not_deployed_is_refused(s3: Any, archive: Path, tmp_path: Path) -> None:
    s3.upload_file(str(archive), BUCKET, KEY)
    with pytest.raises(EvaluationError, match="not the one that was deployed"):
        DeployedEncoder(EncoderObject(BUCKET, KEY), "0" * 64).load()
    assert list(tmp_path.iterdir()) == [], "nothing is left for the next invocation to find"


@pytest.mark.thorough
def test_a_file_that_differs_from_the_manifest_is_refused(s3: Any, archive: Path, digest: str) -> None:
    changed = io.BytesIO()
    with tarfile.open(archive) as whole, tarfile.open(fileobj=changed, mode="w") as other:
        for entry in whole:
            file = whole.extractfile(entry)
            assert file
            content = file.read() + (b" " if entry.name == "tokenizer.json" else b"")
            entry.size = len(content)
            other.addfile(entry, io.BytesIO(content))
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=changed.getvalue())
    with pytest.raises(EvaluationError, match=r"tokenizer\.json is not the file that was built"):
        DeployedEncoder(EncoderObject(BUCKET, KEY), digest).load()


def test_an_object_that_is_no_archive_is_refused(s3: Any, digest: str, tmp_path: Path) -> None:
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"no tar file" * 100)
    with pytest.raises(EvaluationError, match="cannot be unpacked"):
        DeployedEncoder(EncoderObject(BUCKET, KEY), digest).load()
    with pytest.raises(AwsError, match=f"read s3://{BUCKET}/other"):
        DeployedEncoder(EncoderObject(BUCKET, "other"), digest).load()
    assert list(tmp_path.iterdir()) == []


class Breaking(io.BytesIO):
    """A download that stops half-way."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() > 100_000:
            raise ReadTimeoutError(endpoint_url="https://s3")
        return super().read(size)


def test_an_interrupted_download_is_retryable(
    monkeypatch: pytest.MonkeyPatch, archive: Path, digest: str, tmp_path: Path
) -> None:
    class S3:
        def get_object(self, **_: str) -> dict[str, Any]:
            return {"Body": Breaking(archive.read_bytes())}

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(encoder_object, "client", lambda service: S3())
    with pytest.raises(RetryableError, match="broke off"):
        DeployedEncoder(EncoderObject(BUCKET, KEY), digest).load()
    assert list(tmp_path.iterdir()) == []


def test_an_archive_cannot_write_outside_its_folder(s3: Any, digest: str, tmp_path: Path) -> None:
    hostile = io.BytesIO()
    with tarfile.open(fileobj=hostile, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("../outside"), io.BytesIO(b""))
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=hostile.getvalue())
    with pytest.raises(EvaluationError, match="cannot be unpacked"):
        DeployedEncoder(EncoderObject(BUCKET, KEY), digest).load()
    assert not (tmp_path / "outside").exists()


def test_a_denied_read_is_an_access_denied_error(monkeypatch: pytest.MonkeyPatch, digest: str, tmp_path: Path) -> None:
    from botocore.exceptions import ClientError

    class S3:
        def get_object(self, **_: str) -> dict[str, Any]:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetObject")

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(encoder_object, "client", lambda service: S3())
    with pytest.raises(AccessDeniedError, match="AccessDenied"):
        DeployedEncoder(EncoderObject(BUCKET, KEY), digest).load()
