"""Tests of start_run: which events start a run."""

import json
from typing import Any

import boto3
import pytest

from lambdas import start_run
from tests.lambda_context import CONTEXT
from tests.unit.lambdas.steps import MACHINE, invoke
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.errors import DatasetError


def created(key: str, bucket: str = "data") -> dict[str, Any]:
    """EventBridge's event of an upload: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html."""
    return {
        "version": "0",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "detail": {"bucket": {"name": bucket}, "object": {"key": key, "size": 2, "version-id": "1"}},
    }


class Machine:
    """Executions by name: the second of a name is refused, as Step Functions does."""

    inputs: dict[str, str]

    def __init__(self, arn: str) -> None:
        assert arn == MACHINE

    def arn(self, name: str) -> str:
        return f"arn:execution:{name}"

    def start(self, name: str, document: str) -> bool:
        return self.inputs.setdefault(name, document) is document


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> type[Machine]:
    Machine.inputs = {}
    monkeypatch.setattr(start_run, "Executions", Machine)
    monkeypatch.setattr("tuner.intake.arrival.time.sleep", lambda _: None)
    monkeypatch.setattr("tuner.intake.arrival.seconds_since", lambda _: 60.0)
    return Machine


@pytest.mark.parametrize(
    "event",
    [
        created("incoming/faq/validation.csv"),
        created("incoming/faq/run.yaml"),
        created("incoming/faq/deeper/training.jsonl"),
        created("incoming/faq/documents/training.jsonl"),
        created("outgoing/faq/training.jsonl"),
        created("incoming/training.jsonl"),
        created("training.jsonl"),
        created("incoming/faq/training.jsonl", bucket="other"),
        created("incoming/faq/Training.jsonl"),
    ],
    ids=lambda event: event["detail"]["bucket"]["name"] + "/" + event["detail"]["object"]["key"],
)
def test_nothing_else_in_the_bucket_starts_a_run(
    environment: None, machine: type[Machine], event: dict[str, Any]
) -> None:
    result = start_run.handler(event, CONTEXT)
    assert result["started"] is False
    assert not machine.inputs


@pytest.mark.parametrize("dataset", ["faq", "our faq", "a+b", "100%25", "\u8cea\u554f", "caf\u00e9"])
def test_training_data_starts_one_run_even_if_the_event_is_repeated(
    cloud: RunFolder, machine: type[Machine], dataset: str
) -> None:
    key = f"incoming/{dataset}/training.jsonl"
    s3 = boto3.client("s3")
    s3.put_object(Bucket="data", Key=key, Body=b"{}")
    first = start_run.handler(created(key), CONTEXT)
    again = start_run.handler(created(key), CONTEXT)
    s3.put_object(Bucket="data", Key=key, Body=b"{}")
    uploaded_again = start_run.handler(created(key), CONTEXT)
    assert [first["started"], uploaded_again["started"]] == [True, False]
    assert len({first["run_id"], again["run_id"], uploaded_again["run_id"]}) == len(machine.inputs) == 1
    assert json.loads(machine.inputs[first["run_id"]])["inputs"][0]["key"] == key


def test_a_run_that_step_functions_has_forgotten_is_not_started_again(cloud: RunFolder, machine: type[Machine]) -> None:
    boto3.client("s3").put_object(Bucket="data", Key="incoming/faq/training.jsonl", Body=b"{}")
    run = invoke(start_run, dataset="faq")["run_id"]
    RunFolder("artifacts", run).write("report/report.json", b"{}")
    machine.inputs.clear()
    assert invoke(start_run, dataset="faq")["started"] is False
    assert not machine.inputs


def test_a_person_can_repeat_a_run(cloud: RunFolder, machine: type[Machine]) -> None:
    boto3.client("s3").put_object(Bucket="data", Key="incoming/faq/training.jsonl", Body=b"{}")
    first = invoke(start_run, dataset="faq")
    second = invoke(start_run, dataset="faq", repeat=1)
    assert second["run_id"] == first["run_id"] + "-r1"
    assert second["started"] is True


def test_a_missing_dataset_is_an_error_with_its_name(cloud: RunFolder, machine: type[Machine]) -> None:
    with pytest.raises(DatasetError, match="incoming/nothing/"):
        invoke(start_run, dataset="nothing")
