"""The approval in the report, without its task token."""

import json

import pytest

from tests.unit.reporting.conftest import FolderOf
from tests.unit.reporting.sample import artifacts
from tuner.core.artifact_keys import Keys
from tuner.reporting import Failure, build, page

REQUEST = {
    "asked_at": "2026-11-23T07:01:00Z",
    "expires_at": "2026-11-24T07:01:00Z",
    "estimated_usd": 264.0,
    "unknown": [],
    "task_token": "the-token",
}
ANSWER = {"decision": "approved", "by": "arn:aws:iam::123456789012:user/<kim>", "at": "2026-11-23T07:05:00Z"}


def things(**further: object) -> dict[str, bytes]:
    return artifacts() | {name: json.dumps(document).encode() for name, document in further.items()}


def test_a_run_that_asked_nobody_has_no_approval(folder_of: FolderOf) -> None:
    assert build(folder_of(artifacts())).approval is None


def test_the_report_has_the_answer_and_not_the_token(folder_of: FolderOf) -> None:
    report = build(folder_of(things(**{Keys.APPROVAL: REQUEST, Keys.APPROVAL_ANSWER: ANSWER})))
    assert report.approval
    assert (report.approval.decision, report.approval.by) == ("approved", ANSWER["by"])
    (waited,) = [moment for moment in report.timeline if moment.name == "Waited for approval"]
    assert (waited.started_at, waited.ended_at) == (REQUEST["asked_at"], ANSWER["at"])
    shown = page(report)
    assert "approved by arn:aws:iam::123456789012:user/&lt;kim&gt; at 2026-11-23T07:05:00Z" in shown
    assert "the-token" not in shown + report.model_dump_json()


@pytest.mark.parametrize("request_", [{**REQUEST, "asked_at": None}, {"task_token": "the-token"}])
def test_an_error_about_a_request_does_not_show_its_token(folder_of: FolderOf, request_: dict[str, object]) -> None:
    report = build(folder_of(things(**{Keys.APPROVAL: request_})), Failure(error="AwsError", message="x"))
    assert len(report.unreadable) == 1
    assert "the-token" not in report.model_dump_json()


def test_an_approval_without_an_answer_has_no_decision(folder_of: FolderOf) -> None:
    report = build(folder_of(things(**{Keys.APPROVAL: REQUEST})))
    assert report.approval
    assert report.approval.sentence == "asked for, with no answer by 2026-11-24T07:01:00Z"
