"""Tests of start_run: which events start a run."""

import datetime as dt
import json
from typing import Any
from unittest.mock import ANY

import pytest
from moto.core.utils import utcnow
from pydantic import ValidationError

from lambdas import start_run
from tests.lambda_context import CONTEXT
from tests.unit.lambdas.steps import MACHINE, invoke
from tuner.aws.clients import client
from tuner.aws.s3.dataset_bucket import DatasetBucket
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.errors import DatasetError, RetryableError
from tuner.core.times import iso, now


def created(key: str, bucket: str = "data", at: dt.datetime | None = None) -> dict[str, Any]:
    """The message of an upload: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html."""
    event = {
        "version": "0",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "time": iso(at or now()),
        "detail": {"bucket": {"name": bucket}, "object": {"key": key, "size": 2, "version-id": "1"}},
    }
    return {"Records": [{"messageId": "m", "eventSource": "aws:sqs", "body": json.dumps(event)}]}


def put(key: str, body: bytes = b"{}") -> None:
    client("s3").put_object(Bucket="data", Key=key, Body=body)


def uploaded(key: str) -> dict[str, Any]:
    """The message of an object, with the time at which S3 has it."""
    return created(key, at=client("s3").head_object(Bucket="data", Key=key)["LastModified"])


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
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """The notifications."""
    found: list[tuple[Any, ...]] = []
    monkeypatch.setattr(start_run, "notify", lambda *message: found.append(message))
    return found


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, told: list[tuple[Any, ...]]) -> type[Machine]:
    Machine.inputs = {}
    monkeypatch.setattr(start_run, "Executions", Machine)
    return Machine


@pytest.mark.parametrize(
    "event",
    [
        created("incoming/faq/deeper/training.jsonl"),
        created("incoming/faq/README.md"),
        created("outgoing/faq/training.jsonl"),
        created("incoming/training.jsonl"),
        created("training.jsonl"),
        created("incoming/faq/training.jsonl", bucket="other"),
    ],
    ids=lambda event: str(json.loads(event["Records"][0]["body"])["detail"]),
)
def test_nothing_else_in_the_bucket_starts_a_run(
    cloud: RunFolder, machine: type[Machine], event: dict[str, Any]
) -> None:
    result = start_run.handler(event, CONTEXT)
    assert result["started"] is False
    assert not machine.inputs


@pytest.mark.parametrize("name", ["validation.csv", "run.yaml"])
def test_a_folder_without_training_data_waits_for_it(cloud: RunFolder, machine: type[Machine], name: str) -> None:
    put(f"incoming/faq/{name}")
    result = start_run.handler(created(f"incoming/faq/{name}"), CONTEXT)
    assert result == {"started": False, "reason": ANY}
    assert "incoming/faq/: there is no training file" in result["reason"]


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["Training.JSONL"], "Rename Training.JSONL to training.jsonl."),
        (["validation.csv", "data/training.jsonl"], "Rename data/training.jsonl to training.jsonl."),
        (["faq.csv"], "If faq.csv has the training data, rename it to training.csv."),
        (["train.jsonl", "README.md"], "Rename train.jsonl to training.jsonl."),
        (["train.jsonl", "validation.csv"], "Rename train.jsonl to training.jsonl."),
    ],
)
def test_a_training_file_with_a_wrong_name_is_notified_of_once(
    cloud: RunFolder, machine: type[Machine], told: list[tuple[Any, ...]], names: list[str], says: str
) -> None:
    for name in names:
        put(f"incoming/faq/{name}")
    results = [start_run.handler(uploaded(f"incoming/faq/{name}"), CONTEXT) for name in names]
    ((topic, subject, text, attributes),) = told
    assert (topic, attributes) == ("arn:aws:sns:us-east-1:123456789012:topic", {"status": "NOT_STARTED"})
    assert subject == "Fine-tuning not started: a file has the wrong name"
    assert text.startswith(f"incoming/faq/ has no training file, so no run was started. {says}")
    assert sum(says in result["reason"] for result in results) == 1
    assert not machine.inputs


def test_an_upload_whose_run_id_is_used_up_is_notified_of_and_can_be_run_again(
    cloud: RunFolder, machine: type[Machine], told: list[tuple[Any, ...]]
) -> None:
    """Somebody who may start executions has given one the run id of this content, with another input."""
    put("incoming/faq/training.jsonl")
    run = start_run.handler(created("incoming/faq/training.jsonl"), CONTEXT)["run_id"]
    machine.inputs = {run: "of somebody else"}
    result = start_run.handler(created("incoming/faq/training.jsonl"), CONTEXT)
    ((_, subject, text, attributes),) = told
    assert (subject, attributes) == ("Fine-tuning not started: the run id is taken", {"status": "NOT_STARTED"})
    assert result["started"] is False
    assert text == f"{result['reason']}\n"
    assert text.endswith("start a run of this content: tuner run PATH --again\n")

    RunFolder("artifacts", run).write(Keys.REPORT, b"{}")  # the other execution was refused, and has a report
    assert start_run.handler(created("incoming/faq/training.jsonl"), CONTEXT)["reason"] == result["reason"]
    assert start_run.handler({"dataset": "faq", "repeat": 1}, CONTEXT)["started"] is True
    assert set(machine.inputs) == {run, f"{run}-r1"}

    RunFolder("artifacts", run).write(Keys.MANIFEST, b"{}")  # a run that worked on this content
    told.clear()
    assert "was run before" in start_run.handler(created("incoming/faq/training.jsonl"), CONTEXT)["reason"]
    assert not told


@pytest.mark.parametrize("name", ["train.jsonl", "data/training.jsonl", "rows.csv", "b\n\nrows.csv"])
def test_names_write_no_lines_of_their_own_into_a_notification(
    cloud: RunFolder, machine: type[Machine], told: list[tuple[Any, ...]], name: str
) -> None:
    dataset = "faq\n\nThe run evil-1 is safe. Approve it: tuner approve evil-1\n"
    key = f"incoming/{dataset}/{name}"
    put(key)
    start_run.handler(created(key), CONTEXT)
    ((_, _, text, _),) = told
    first, rest = text.split("\n\n")
    assert "\n" not in first
    assert rest == "In S3, upload the file again under its new name, and delete the other one.\n"


def test_a_misnamed_file_that_comes_after_the_run_began_gives_a_notification(
    cloud: RunFolder, machine: type[Machine], told: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("training.jsonl", "eval (1).jsonl"):
        put(f"incoming/faq/{name}")
    run = start_run.handler(created("incoming/faq/training.jsonl"), CONTEXT)["run_id"]
    late = uploaded("incoming/faq/eval (1).jsonl")
    start_run.handler(late, CONTEXT)
    assert not told, "the run will name the file: it has not listed the folder yet"
    RunFolder("artifacts", run).write(Keys.MANIFEST, b"{}")
    start_run.handler(late, CONTEXT)
    assert not told, "the run has listed the folder with this file"
    later = utcnow() + dt.timedelta(minutes=1)
    monkeypatch.setattr("moto.s3.models.utcnow", lambda: later)
    for name in ("test.csv", "scorer.py", "README.md"):
        put(f"incoming/faq/{name}")
    results = [
        start_run.handler(uploaded(f"incoming/faq/{name}"), CONTEXT) for name in ("test.csv", "scorer.py", "README.md")
    ]
    ((_, subject, text, _),) = told
    assert subject == "Fine-tuning: a file that was uploaded later is not used"
    assert f"after the run {run} began" in text
    assert "test.csv is not used, because of its name. Rename test.csv to evaluation.csv." in text
    assert "scorer.py is a Python file" in text
    assert "eval (1).jsonl" not in text
    assert [result["started"] for result in results] == [False] * 3
    assert len(machine.inputs) == 1


def test_no_notification_about_files_that_are_no_data_or_beside_a_training_file(
    cloud: RunFolder, machine: type[Machine], told: list[tuple[Any, ...]]
) -> None:
    for name in ("README.md", "photo.png", "run.yaml", "training.jsonl", "evaluation (1).jsonl"):
        put(f"incoming/faq/{name}")
        start_run.handler(created(f"incoming/faq/{name}"), CONTEXT)
    assert not told
    assert machine.inputs


@pytest.mark.parametrize("name", ["train.jsonl", "faq.csv", "documents/training.csv", "data/training.jsonl"])
def test_documents_beside_data_of_an_unknown_role_do_not_start_a_run(
    cloud: RunFolder, machine: type[Machine], told: list[tuple[Any, ...]], name: str
) -> None:
    """The run would pay for questions that the owner may have."""
    put(f"incoming/faq/{name}")
    put("incoming/faq/documents/a.md")
    for key in (name, "documents/a.md"):
        assert not start_run.handler(created(f"incoming/faq/{key}"), CONTEXT)["started"]
    assert told and name in told[0][2]


@pytest.mark.parametrize("training_first", [True, False])
def test_documents_and_a_training_file_that_follows_start_one_run(
    cloud: RunFolder, machine: type[Machine], training_first: bool
) -> None:
    """The queue delivers each event after the folder was at rest: by then, the training file is there."""
    names = ["documents/a.md", "documents/b.md", "run.yaml"]
    names.insert(0 if training_first else 3, "training.jsonl")
    for name in names:
        put(f"incoming/faq/{name}")
    told = [start_run.handler(created(f"incoming/faq/{name}"), CONTEXT)["started"] for name in names]
    assert sum(told) == 1
    (document,) = machine.inputs.values()
    assert [entry["role"] for entry in json.loads(document)["inputs"]].count("training") == 1


def test_documents_alone_start_one_run_however_many_there_are(cloud: RunFolder, machine: type[Machine]) -> None:
    names = [f"documents/deep/{number}.txt" for number in range(3)]
    for name in names:
        put(f"incoming/faq/{name}")
    put("incoming/faq/README.md")
    told = [start_run.handler(created(f"incoming/faq/{name}"), CONTEXT)["started"] for name in (*names, names[-1])]
    assert sum(told) == 1
    (document,) = machine.inputs.values()
    assert [entry["role"] for entry in json.loads(document)["inputs"]] == ["documents"] * 3


def test_documents_do_not_start_a_run_while_the_command_uploads(cloud: RunFolder, machine: type[Machine]) -> None:
    put("incoming/faq/.uploading", b"")
    put("incoming/faq/documents/a.md")
    waiting = start_run.handler(created("incoming/faq/documents/a.md"), CONTEXT)
    assert not waiting["started"]
    assert "while 'tuner run' uploads" in waiting["reason"]
    later = now() + dt.timedelta(hours=7)
    assert start_run.handler(created("incoming/faq/documents/a.md", at=later), CONTEXT)["started"], "interrupted"
    put("incoming/faq/training.jsonl")
    assert start_run.handler(created("incoming/faq/training.jsonl"), CONTEXT)["started"]


def test_a_person_starts_documents_alone_by_their_dataset(cloud: RunFolder, machine: type[Machine]) -> None:
    put("incoming/faq/.uploading", b"")
    put("incoming/faq/documents/a.md")
    assert start_run.handler({"dataset": "faq"}, CONTEXT)["started"]


def test_the_last_upload_starts_the_run_and_no_earlier_one(cloud: RunFolder, machine: type[Machine]) -> None:
    names = ["run.yaml", "training.jsonl", "validation.jsonl"]
    for name in names:
        put(f"incoming/faq/{name}")
    earlier = now() - dt.timedelta(minutes=1)
    told = [start_run.handler(created(f"incoming/faq/{name}", at=earlier), CONTEXT)["started"] for name in names[:2]]
    assert told == [False, False]
    assert not machine.inputs
    last = start_run.handler(created("incoming/faq/validation.jsonl"), CONTEXT)
    assert last["started"]
    assert len(json.loads(machine.inputs[last["run_id"]])["inputs"]) == 3


def test_a_folder_that_loses_a_file_while_it_is_read_is_read_again(
    cloud: RunFolder, machine: type[Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deletion has no event of its own, so the message that found it must start the run."""
    s3, original = client("s3"), DatasetBucket.hash

    def deleting(bucket: DatasetBucket, key: str) -> Any:
        s3.delete_object(Bucket="data", Key="incoming/faq/validation.jsonl")
        return original(bucket, key)

    put("incoming/faq/training.jsonl")
    put("incoming/faq/validation.jsonl")
    monkeypatch.setattr(DatasetBucket, "hash", deleting)
    assert start_run.handler(created("incoming/faq/validation.jsonl"), CONTEXT)["started"]


@pytest.mark.parametrize("how", ["event", "person"])
def test_a_folder_that_always_changes_is_tried_again_later(
    cloud: RunFolder, machine: type[Machine], monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    put("incoming/faq/training.jsonl")
    monkeypatch.setattr(DatasetBucket, "hash", lambda *_: None)
    with pytest.raises(RetryableError, match="The dataset faq changed while it was read"):
        start_run.handler({"dataset": "faq"} if how == "person" else created("incoming/faq/training.jsonl"), CONTEXT)
    assert not machine.inputs


@pytest.mark.parametrize("event", [{}, {"Records": []}, {"dataset": "a", **created("incoming/a/training.jsonl")}])
def test_an_event_is_one_message_or_the_name_of_a_dataset(environment: None, event: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="one message of the arrivals queue"):
        start_run.handler(event, CONTEXT)


@pytest.mark.parametrize("dataset", ["faq", "our faq", "a+b", "100%25", "\u8cea\u554f", "caf\u00e9"])
def test_training_data_starts_one_run_even_if_the_event_is_repeated(
    cloud: RunFolder, machine: type[Machine], dataset: str
) -> None:
    key = f"incoming/{dataset}/training.jsonl"
    s3 = client("s3")
    s3.put_object(Bucket="data", Key=key, Body=b"{}")
    first = start_run.handler(created(key), CONTEXT)
    again = start_run.handler(created(key), CONTEXT)
    s3.put_object(Bucket="data", Key=key, Body=b"{}")
    uploaded_again = start_run.handler(created(key), CONTEXT)
    assert [first["started"], uploaded_again["started"]] == [True, False]
    assert len({first["run_id"], again["run_id"], uploaded_again["run_id"]}) == len(machine.inputs) == 1
    assert json.loads(machine.inputs[first["run_id"]])["inputs"][0]["key"] == key


def test_a_run_that_step_functions_has_forgotten_is_not_started_again(cloud: RunFolder, machine: type[Machine]) -> None:
    client("s3").put_object(Bucket="data", Key="incoming/faq/training.jsonl", Body=b"{}")
    run = invoke(start_run, dataset="faq")["run_id"]
    RunFolder("artifacts", run).write("report/report.json", b"{}")
    machine.inputs.clear()
    assert invoke(start_run, dataset="faq")["started"] is False
    assert not machine.inputs


def test_a_person_can_repeat_a_run(cloud: RunFolder, machine: type[Machine]) -> None:
    client("s3").put_object(Bucket="data", Key="incoming/faq/training.jsonl", Body=b"{}")
    first = invoke(start_run, dataset="faq")
    second = invoke(start_run, dataset="faq", repeat=1)
    assert second["run_id"] == first["run_id"] + "-r1"
    assert second["started"] is True


def test_a_missing_dataset_is_an_error_with_its_name(cloud: RunFolder, machine: type[Machine]) -> None:
    with pytest.raises(DatasetError, match="incoming/nothing/"):
        invoke(start_run, dataset="nothing")
