"""Fixtures: a deployment on a fake AWS, and the command line as a shell calls it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.main
from moto import mock_aws

from tests.doubles import create_state_table
from tests.unit.cli.fake_aws import ARTIFACTS, DATA, OUTPUTS, Clock, FakeAws, Outcome
from tests.unit.cli.samples import records
from tests.unit.cli.wiring import answered, recorded
from tuner.aws.clients import client
from tuner.cli import main
from tuner.cli.checks import quick_client
from tuner.cli.terminal import hints

# A process calls one command. Typer builds all commands anew for each call.
typer.main.get_command = cache(typer.main.get_command)


@pytest.fixture(autouse=True)
def _no_pauses_between_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A release looks several times, some time apart, whether an endpoint is gone."""
    monkeypatch.setattr("tuner.serving.deletion._PAUSE_SECONDS", 0)


@pytest.fixture(autouse=True)
def _no_options_of_an_earlier_call() -> None:
    """A process calls one command. Tests that call no command, but what one calls, must not see another test's."""
    hints.forget()


@pytest.fixture
def s3() -> Iterator[Any]:
    """An S3 with the empty bucket `bucket`."""
    with mock_aws():
        s3 = client("s3")
        s3.create_bucket(Bucket="bucket")
        yield s3


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    for module in ("run_start", "progress.follow", "commands.stop"):
        monkeypatch.setattr(f"tuner.cli.{module}.time", found)
    return found


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Iterator[FakeAws]:
    monkeypatch.setenv("COLUMNS", "80")
    found = FakeAws()
    with mock_aws(), ExitStack() as stack:
        for bucket in (DATA, ARTIFACTS):
            found.s3.create_bucket(Bucket=bucket)
            found.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        for service in ("cloudformation", "stepfunctions", "bedrock", "lambda", "service-quotas", "ssm"):
            for each in (client(service), client(service, None), quick_client(service)):  # the cache tells them apart
                stack.enter_context(answered(each, service, found))
        stack.enter_context(answered(client("bedrock-runtime", attempts=1), "bedrock-runtime", found))
        scorers = client("lambda", "us-east-1", attempts=1, seconds=60.0)
        stack.enter_context(answered(scorers, "lambda", found))
        stack.enter_context(answered(client("pricing", "us-east-1", attempts=2), "pricing", found))
        create_state_table(OUTPUTS["StateTableName"])
        for service in ("s3", "sts", "iam", "events", "dynamodb"):
            for each in (client(service), quick_client(service)):
                stack.enter_context(recorded(each, service, found))
        yield found


@pytest.fixture
def tuner(aws: FakeAws, capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Calls the command as a shell does."""

    def call(*arguments: str) -> Outcome:
        with pytest.raises(SystemExit) as left:
            main(arguments)
        seen = capsys.readouterr()
        return Outcome(int(left.value.code or 0), seen.out, seen.err)

    return call


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "faq"
    (found / "documents").mkdir(parents=True)
    (found / "training.jsonl").write_text(records(40))
    (found / "evaluation.csv").write_text("question,answer\na,b\n")
    (found / "documents" / "guide.md").write_text("# Guide\n" + "Amazon Bedrock serves foundation models. " * 20)
    (found / "notes.txt").write_text("mine\n")
    return found
