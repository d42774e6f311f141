"""The notification."""

import re

import pytest

from tests.unit.reporting.conftest import AT, FolderOf
from tests.unit.reporting.sample import RUN, guard_of
from tuner.reporting import Failure, Report, build, notification_subject, notification_text
from tuner.reporting.notify.notification import markdown_line


def test_a_success_has_scores_the_paid_time_and_addresses(report: Report) -> None:
    text = notification_text(report)
    assert "The tuned model is better than the base model" in text
    assert "| Correctness (judge) | 2.00 | 6.12 | +4.12 |" in text
    assert "paid for 23 min 30 s" in text
    assert f"tuner report {RUN}" in text
    assert f"s3://artifacts/runs/{RUN}/" in text


def test_a_failure_has_its_reason_and_addresses(folder_of: FolderOf) -> None:
    text = notification_text(
        build(folder_of({}), Failure(error="DatasetError", message="a.csv, line 2: empty.\nFill it."), at=AT)
    )
    assert "\n    a.csv, line 2: empty.\n    Fill it.\n" in text
    assert "DatasetError" in text
    assert f"tuner report {RUN}" in text


def test_a_step_does_not_repeat_the_failure_above_it(folder_of: FolderOf) -> None:
    refused = build(folder_of({}), Failure(error="DatasetError", message="training.jsonl, line 1: bad."), at=AT)
    assert refused.next_steps[0].reason == "training.jsonl, line 1: bad."
    assert notification_text(refused).count("line 1: bad.") == 1


def test_the_message_of_a_failure_is_not_markup(folder_of: FolderOf) -> None:
    message = "# x\n[a](http://x) <b> field 'a_b'\n\n- y"
    text = notification_text(build(folder_of({}), Failure(error="DatasetError", message=message), at=AT))
    block = text.partition("**DatasetError**\n\n")[2].partition("\n\n**What to do next**")[0]
    assert all(line.startswith("    ") for line in block.splitlines())
    assert "field 'a_b'" in block


def test_a_success_has_the_gate_and_the_caveats(report: Report) -> None:
    text = notification_text(report)
    assert "**Gate:** Accepted: correctness is 6.12" in text
    assert "carries the tag bedrock-tuner:gate=accepted, and an event was sent to EventBridge." in text
    assert "1 of 8 questions got no answer from the tuned model" in text
    assert "Length in words" not in text


def test_what_the_guard_questions_found_is_said_and_nothing_when_they_found_nothing(report: Report) -> None:
    lost, kept = (report.model_copy(update={"guard": guard_of(lost=lost)}) for lost in (True, False))
    assert "**Guard questions:** The tuned model passes fewer guard questions than" in notification_text(lost)
    assert "The tuned model lost general knowledge: it passed 0 of 14 questions" in notification_text(lost)
    assert "Guard questions" not in notification_text(kept)


def test_throughput_that_may_not_be_released_is_shown_in_capitals(report: Report) -> None:
    assert report.serving
    alive = report.serving.model_copy(update={"released_at": None})
    assert "NOT known to be released" in notification_text(report.model_copy(update={"serving": alive}))


def test_kept_throughput_and_commitments_are_shown_with_their_end(report: Report) -> None:
    assert report.serving
    kept = report.serving.model_copy(update={"released_at": None, "kept_until": "2026-11-23T20:00:00Z"})
    assert "kept until 2026-11-23 20:00" in notification_text(report.model_copy(update={"serving": kept}))
    term = kept.model_copy(update={"commitment": "OneMonth", "arn": "arn:aws:bedrock:x"})
    assert "the term OneMonth" in notification_text(report.model_copy(update={"commitment": term}))


@pytest.mark.parametrize("name", ["データ\nset" * 30, "x" * 200])
def test_the_subject_keeps_the_rules_of_sns(report: Report, name: str) -> None:
    text = notification_subject(report.model_copy(update={"run_id": name}))
    assert re.fullmatch(r"[A-Za-z0-9][ -~]{0,99}", text)


def test_text_of_other_people_is_escaped() -> None:
    assert markdown_line("[a](http://x)\n# b | <c>") == r"\[a\](http\[:\]//x) \# b \| \<c\>"


def test_the_choice_of_a_candidate_is_said(report: Report) -> None:
    assert report.training
    training = report.training.model_copy(update={"choice": "Candidate 2 was chosen."})
    assert "**Candidates:** Candidate 2 was chosen." in notification_text(
        report.model_copy(update={"training": training})
    )
    assert "Candidates" not in notification_text(report)
