"""What is asked of a person, and where the task token is and is not."""

import datetime as dt

import pytest
from pydantic import SecretStr, ValidationError

from tests.doubles import RUN, MemoryFolder
from tuner import approval
from tuner.artifacts.estimate import Estimate, Item
from tuner.core.artifact_keys import Keys

NOW = dt.datetime(2026, 11, 23, 8, 0, tzinfo=dt.UTC)
TOKEN = "AQCEAAAAKgAAAAMAAAAA-a-task-token"


def estimate() -> Estimate:
    def item(name: str, usd: float | None) -> Item:
        return Item(name=name, quantity=2, unit="hours", unit_price_usd=usd and usd / 2, usd=usd, source="a page")

    items = (item("Provisioned throughput", 264.0), item("Training", None), item("Base model, questions", 0.0004))
    return Estimate(items=items, total_usd=264.0004, unknown=("Training",), budget_usd=500, approval_usd=200)


@pytest.fixture
def folder() -> MemoryFolder:
    return MemoryFolder(files={Keys.ESTIMATE: estimate().model_dump_json().encode()})


def asked(folder: MemoryFolder, token: str = TOKEN) -> tuple[str, str]:
    return approval.ask(folder, SecretStr(token), 3600, NOW)


def test_the_notification_says_what_it_costs_how_to_answer_and_until_when(folder: MemoryFolder) -> None:
    subject, text = asked(folder)
    assert subject == f"Approve $264.00 and more? Run {RUN}"
    assert "- Provisioned throughput: 2 hours, $264.00" in text
    assert "- Training: 2 hours, price unknown" in text
    assert "- Base model, questions: 2 hours, less than a cent" in text
    assert f"tuner approve {RUN}" in text
    assert f"tuner reject {RUN} --reason" in text
    assert "2026-11-23T09:00:00Z" in text
    assert "more than the $200.00 that need nobody's approval" in text
    assert "Unknown, and not counted: Training." in text


def test_the_token_is_in_the_folder_whole_and_in_no_words(folder: MemoryFolder) -> None:
    assert TOKEN not in "".join(asked(folder))
    request = approval.waiting(folder)
    assert request is not None
    assert request.task_token.get_secret_value() == TOKEN
    assert TOKEN not in f"{request!r} {request}"
    assert folder.read_json(Keys.APPROVAL)["task_token"] == TOKEN


def test_a_damaged_request_does_not_show_its_token() -> None:
    folder = MemoryFolder(files={Keys.APPROVAL: b'{"task_token": ["' + TOKEN.encode() + b'"]}'})
    with pytest.raises(ValidationError) as wrong:
        approval.waiting(folder)
    assert TOKEN not in str(wrong.value)


def test_asking_again_replaces_the_token(folder: MemoryFolder) -> None:
    asked(folder)
    asked(folder, "another")
    request = approval.waiting(folder)
    assert request is not None
    assert request.task_token.get_secret_value() == "another"


def test_nothing_is_waited_for_before_anything_is_asked(folder: MemoryFolder) -> None:
    assert approval.waiting(folder) is None
    assert approval.answered(folder) is None


def test_an_answer_says_who_when_and_why() -> None:
    answer = approval.Answer(decision="rejected", by="arn:aws:iam::1:user/kim", at="2026-11-23T08:05Z", reason="dear")
    assert answer.sentence() == "rejected by arn:aws:iam::1:user/kim at 2026-11-23T08:05Z: dear"


def test_a_subject_is_what_sns_takes(folder: MemoryFolder) -> None:
    folder.run_id = "r" * 90
    subject, _ = asked(folder)
    assert len(subject) == 100
    assert subject.isascii()
