"""Tests of the release before a stack is deleted."""

import json

import pytest

from lambdas import release_throughput
from tests.doubles import DEPLOYMENT, FakeEndpoints, FakeJobs, MemoryFolder
from tests.lambda_context import CONTEXT
from tuner.serving.release import Release
from tuner.serving.stack_deletion import refusal


class Executions:
    def __init__(self, *names: str) -> None:
        self.names = list(names)

    def running(self) -> list[str]:
        return self.names


def asked(kind: FakeEndpoints, *running: str) -> str | None:
    release = Release((kind,), DEPLOYMENT, MemoryFolder, lambda _: 132.0, sleep=lambda _: None)
    return refusal(release, Executions(*running))


def test_everything_of_the_deployment_is_released_and_nothing_else() -> None:
    kind = FakeEndpoints()
    kind.add(tags={"bedrock-tuner:deployment": DEPLOYMENT, "bedrock-tuner:kept-until": "2099-01-01T00:00:00Z"})
    others = kind.add("tuner-other", {})
    assert asked(kind) is None
    assert list(kind.alive) == [others]


def test_a_run_in_progress_prevents_the_deletion() -> None:
    kind = FakeEndpoints()
    kind.add()
    assert "tuner stop" in str(asked(kind, "faq-1"))
    assert kind.alive, "the run still needs its endpoint"


def test_the_refusal_names_what_cannot_be_released_and_the_command() -> None:
    kind = FakeEndpoints(refuses_delete=1)
    arn = kind.add()
    why = str(asked(kind))
    assert f"delete-provisioned-model-throughput --provisioned-model-id {arn}" in why
    assert "$132.00 an hour" in why


def test_a_commitment_prevents_the_deletion_and_the_refusal_says_how_to_force_it() -> None:
    kind = FakeEndpoints()
    arn = kind.add(commitment="OneMonth")
    assert arn in str(asked(kind))
    assert "FORCE_DELETE_STACK" in str(asked(kind))


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """The answers that CloudFormation received."""
    told: list[dict[str, str]] = []

    class Reply:
        def __enter__(self) -> None: ...

        def __exit__(self, *_: object) -> None: ...

    def put(request, **_):
        assert request.get_method() == "PUT"
        told.append({"to": request.full_url, **json.loads(request.data)})
        return Reply()

    monkeypatch.setattr("tuner.aws.stack_events.urllib.request.urlopen", put)
    return told


def test_cloudformation_is_always_answered(monkeypatch: pytest.MonkeyPatch, answered: list[dict[str, str]]) -> None:
    for name, value in {"DEPLOYMENT": "{}", "DATA_BUCKET": "d", "ARTIFACTS_BUCKET": "a"}.items():
        monkeypatch.setenv(name, value)

    def broken(*_: object) -> None:
        raise ZeroDivisionError("an unexpected error")

    monkeypatch.setattr(release_throughput, "refusal", broken)
    monkeypatch.setattr(release_throughput, "ProvisionedThroughputs", FakeEndpoints)
    monkeypatch.setattr(release_throughput, "ModelDeployments", FakeEndpoints)
    monkeypatch.setattr(release_throughput, "TrainingJobs", FakeJobs)
    monkeypatch.setattr(release_throughput, "InvocationJobs", lambda: FakeJobs("batch"))
    monkeypatch.setattr(release_throughput, "Executions", lambda _: None)
    request = {"ResponseURL": "https://answer", "StackId": "s", "RequestId": "r", "LogicalResourceId": "l"}
    for kind in ("Create", "Update", "Delete"):
        release_throughput.handler({**request, "RequestType": kind, "ResourceProperties": {}}, CONTEXT)
    assert [each["Status"] for each in answered] == ["SUCCESS", "SUCCESS", "FAILED"]
    assert "an unexpected error" in answered[2]["Reason"]
    assert {each["to"] for each in answered} == {"https://answer"}
    assert {each["PhysicalResourceId"] for each in answered} == {"tuner-releases"}
