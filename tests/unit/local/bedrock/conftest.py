"""A local Bedrock in this process. Real botocore clients reach it without a socket."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from ministack.core.responses import request_scope

from local.bedrock.jobs.failure import JobFailedError
from local.bedrock.jobs.storage import S3Uri
from local.bedrock.local_bedrock import LocalBedrock
from local.bedrock.protocol.serializing import Response
from local.bedrock.protocol.service import Handler
from local.bedrock.state.account_region import AccountRegion
from local.bedrock.state.settings import Settings

ACCOUNT, REGION = "000000000000", "us-east-1"
HAIKU = "anthropic.claude-3-haiku-20240307-v1:0:200k"
NOVA = "amazon.nova-micro-v1:0:128k"


class MemoryStorage:
    """S3 in a dict; keys in `denied` may not be written, keys that are missing not be read."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.denied: set[str] = set()

    def read(self, uri: S3Uri, target: Path) -> None:
        try:
            target.write_bytes(self.objects[uri.key])
        except KeyError as error:
            raise JobFailedError(
                f"Could not validate GetObject permissions to access Amazon S3 bucket: {uri.bucket} at key {uri.key}"
            ) from error

    def check_writable(self, prefix: S3Uri) -> None:
        self.write(prefix.below(".write_access_check_file.tmp"), b"")

    def write(self, uri: S3Uri, content: bytes) -> None:
        if uri.key in self.denied:
            raise JobFailedError(f"Could not validate PutObject permissions to access S3 bucket: {uri.bucket}")
        self.objects[uri.key] = content


class ManualClock:
    """A clock that tests advance."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def change_settings(bedrock: LocalBedrock, **changes: object) -> None:
    """Replace some settings."""
    bedrock.state.settings = bedrock.state.settings.model_copy(update=changes)


class Raw(io.BytesIO):
    """A body as urllib3 gives it."""

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        yield self.getvalue()


async def awaited(answer: Awaitable[Response]) -> Response:
    return await answer


def connect(handler: Handler, service: str) -> boto3.client:
    """A botocore client whose requests go to the handler instead of the network."""
    client = boto3.client(
        service,
        region_name=REGION,
        endpoint_url="https://local.test",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(retries={"total_max_attempts": 1}),
    )

    def send(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        url = urlsplit(request.url)
        headers = {
            key.lower(): value.decode() if isinstance(value, bytes) else value for key, value in request.headers.items()
        }
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else body
        with request_scope(ACCOUNT, REGION):
            answer = handler(request.method, unquote(url.path), headers, body, parse_qs(url.query))
            status, answered, content = asyncio.run(awaited(answer))
        return AWSResponse(request.url, status, {k.lower(): v for k, v in answered.items()}, Raw(content))

    client.meta.events.register_first("before-send", send)
    return client


@pytest.fixture
def storage() -> MemoryStorage:
    return MemoryStorage()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def bedrock(tmp_path: Path, networks: Path, storage: MemoryStorage, clock: ManualClock) -> Iterator[LocalBedrock]:
    """Without a model, so that nothing needs torch; tests of training set the engine."""
    settings = Settings(engine="instant", job_stage_seconds=0, threads=1, networks=networks)
    made = LocalBedrock(tmp_path, settings, lambda job: storage, clock)
    yield made
    made.close()


@pytest.fixture
def control(bedrock: LocalBedrock) -> boto3.client:
    return connect(bedrock.handlers()["bedrock"], "bedrock")


@pytest.fixture
def runtime(bedrock: LocalBedrock) -> boto3.client:
    return connect(bedrock.handlers()["bedrock-runtime"], "bedrock-runtime")


def anthropic_record(number: int) -> str:
    return json.dumps(
        {
            "system": "You answer briefly.",
            "messages": [
                {"role": "user", "content": f"What is service {number}?"},
                {"role": "assistant", "content": f"Service {number} stores things."},
            ],
        }
    )


def converse_record(number: int) -> str:
    return json.dumps(
        {
            "schemaVersion": "bedrock-conversation-2024",
            "system": [{"text": "You answer briefly."}],
            "messages": [
                {"role": "user", "content": [{"text": f"What is service {number}?"}]},
                {"role": "assistant", "content": [{"text": f"Service {number} stores things."}]},
            ],
        }
    )


def lines(record: Callable[[int], str], count: int) -> bytes:
    return "".join(record(number) + "\n" for number in range(count)).encode()


@pytest.fixture
def job_request(storage: MemoryStorage) -> dict:
    """A request that is accepted, with its data in place."""
    storage.objects["in/train.jsonl"] = lines(anthropic_record, 40)
    storage.objects["in/validation.jsonl"] = lines(anthropic_record, 32)
    return {
        "jobName": "first-job",
        "customModelName": "first-model",
        "roleArn": f"arn:aws:iam::{ACCOUNT}:role/service",
        "baseModelIdentifier": HAIKU,
        "trainingDataConfig": {"s3Uri": "s3://data/in/train.jsonl"},
        "validationDataConfig": {"validators": [{"s3Uri": "s3://data/in/validation.jsonl"}]},
        "outputDataConfig": {"s3Uri": "s3://artifacts/out/"},
        "hyperParameters": {"epochCount": "2", "batchSize": "8"},
    }


@pytest.fixture
def finish(bedrock: LocalBedrock, control: boto3.client) -> Callable[[str], SimpleNamespace]:
    """Wait for a job's thread (not for time) and return the job."""
    import threading

    def wait(name: str) -> SimpleNamespace:
        for thread in threading.enumerate():
            if thread.name == f"job-{name}":
                thread.join(120)
                assert not thread.is_alive()
        return SimpleNamespace(**control.get_model_customization_job(jobIdentifier=name))

    return wait


@pytest.fixture
def account_region() -> AccountRegion:
    return AccountRegion(ACCOUNT, REGION)
