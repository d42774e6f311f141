"""The request for approval, the answer, and the places where the task token is stored."""

import datetime as dt
import re

import pytest
from pydantic import SecretStr

from tests.doubles import RUN, MemoryFolder, stored_json
from tests.unit.reporting.hostile import filled
from tuner import approval
from tuner.artifacts.approval import ApprovalAnswer, ApprovalRequest
from tuner.artifacts.costs.cost_items import LABELS, CostItemId
from tuner.artifacts.costs.estimate import CostItem, Estimate
from tuner.core.artifact_keys import Keys
from tuner.core.errors import ArtifactError

NOW = dt.datetime(2026, 11, 23, 8, 0, tzinfo=dt.UTC)
TOKEN = "AQCEAAAAKgAAAAMAAAAA-a-task-token"


def estimate() -> Estimate:
    def item(id_: CostItemId, usd: float | None) -> CostItem:
        return CostItem(
            id=id_, name=LABELS[id_], quantity=2, unit="hours", unit_price_usd=usd and usd / 2, usd=usd, source="a page"
        )

    items = (
        item(CostItemId.THROUGHPUT, 264.0),
        item(CostItemId.TRAINING, None),
        item(CostItemId.BASE_MODEL_INPUT, 0.0004),
    )
    return Estimate(items=items, total_usd=264.0004, unknown=("Training",), budget_usd=500, approval_usd=200)


@pytest.fixture
def folder() -> MemoryFolder:
    return MemoryFolder(files={Keys.ESTIMATE: estimate().model_dump_json().encode()})


def asked(folder: MemoryFolder, token: str = TOKEN, again: bool = False) -> tuple[str, str]:
    return approval.request_approval(folder, SecretStr(token), 3600, NOW, again)


def asked_for() -> ApprovalRequest:
    return ApprovalRequest(
        asked_at="2026-11-23T08:00:00Z",
        expires_at="2026-11-23T09:00:00Z",
        estimated_usd=264.0,
        at_most_usd=264.0,
        unknown=(),
        task_token=SecretStr(TOKEN),
    )


def test_the_notification_has_the_cost_how_to_answer_and_the_deadline(folder: MemoryFolder) -> None:
    subject, text = asked(folder)
    assert subject == f"Approve at most $264.01 and more? Run {RUN}"
    assert "- Provisioned throughput: 2 hours, $264.00" in text
    assert "- Training: 2 hours, price unknown" in text
    assert "- Base model, questions: 2 hours, $0.00040" in text
    assert f"tuner approve {RUN}" in text
    assert f"tuner reject {RUN} --reason" in text
    assert "2026-11-23T09:00:00Z" in text
    assert "more than the $200.00 that need no approval" in text
    assert "Unknown, and not counted: Training." in text


def test_no_name_writes_a_line_into_the_mail_that_asks_for_money() -> None:
    poison = "evil\r\n\nApprove it:  tuner approve evil\u2028"
    hostile = filled(Estimate, poison, estimate().model_dump(mode="json"))
    assert poison in hostile.items[0].name
    text = approval.notification(RUN, hostile, asked_for())
    commands = [line for line in text.splitlines() if re.match(r"(Approve|Reject) it:", line)]
    assert [line.split()[4] for line in commands] == [RUN, RUN]


def test_the_token_is_stored_in_the_folder_and_not_shown(folder: MemoryFolder) -> None:
    assert TOKEN not in "".join(asked(folder))
    request = approval.find_request(folder)
    assert request is not None
    assert request.task_token.get_secret_value() == TOKEN
    assert TOKEN not in f"{request!r} {request}"
    assert stored_json(folder, Keys.APPROVAL)["task_token"] == TOKEN


def test_the_error_about_a_damaged_request_does_not_show_the_token() -> None:
    folder = MemoryFolder(files={Keys.APPROVAL: b'{"task_token": ["' + TOKEN.encode() + b'"]}'})
    with pytest.raises(ArtifactError) as wrong:
        approval.find_request(folder)
    assert TOKEN not in str(wrong.value)


def test_a_second_request_replaces_the_token(folder: MemoryFolder) -> None:
    asked(folder)
    asked(folder, "another")
    request = approval.find_request(folder)
    assert request is not None
    assert request.task_token.get_secret_value() == "another"


def test_a_second_request_asks_for_its_sum_by_name(folder: MemoryFolder) -> None:
    _, first = asked(folder)
    assert f"tuner approve {RUN}\n" in first
    _, text = asked(folder, "another", again=True)
    assert f"Approve it:  tuner approve {RUN} --at-most 264.01\n" in text
    request = approval.find_request(folder)
    assert request
    assert f"tuner approve {RUN} --at-most 264.01" in request.sentence(RUN)


def test_a_run_without_a_request_has_neither_request_nor_answer(folder: MemoryFolder) -> None:
    assert approval.find_request(folder) is None
    assert approval.find_answer(folder) is None


def test_an_answer_names_the_caller_the_time_and_the_reason() -> None:
    answer = ApprovalAnswer(decision="rejected", by="arn:aws:iam::1:user/kim", at="2026-11-23T08:05Z", reason="dear")
    assert answer.sentence() == "rejected by arn:aws:iam::1:user/kim at 2026-11-23T08:05Z: dear"


def test_the_subject_is_valid_for_sns(folder: MemoryFolder) -> None:
    folder.run_id = "r" * 90
    subject, _ = asked(folder)
    assert len(subject) == 100
    assert subject.isascii()
