"""`tuner approve` and `tuner reject`, and the display of a run that waits for them."""

import json

import pytest

from tests.unit.cli.fake_aws import ARTIFACTS, Execution, FakeAws, Tuner
from tests.unit.cli.histories import TO_TRAINING, History
from tests.unit.cli.samples import ESTIMATE, REQUEST
from tuner.core.artifact_keys import Keys

RUN = "faq-1"
ARN = "arn:aws:sts::123456789012:user/moto"
TO_THE_QUESTION = (*TO_TRAINING[: TO_TRAINING.index("Is the cost within the budget?") + 1], "Ask for approval")


@pytest.fixture
def waiting(aws: FakeAws) -> FakeAws:
    aws.add(Execution(RUN, "RUNNING", history=History().is_in(*TO_THE_QUESTION)))
    aws.put(RUN, Keys.APPROVAL, REQUEST)
    aws.put(RUN, Keys.ESTIMATE, ESTIMATE)
    aws.tokens = {"the-token"}
    return aws


def written(aws: FakeAws) -> dict[str, str]:
    found = aws.s3.get_object(Bucket=ARTIFACTS, Key=f"runs/{RUN}/{Keys.APPROVAL_ANSWER}")["Body"].read()
    return {key: value for key, value in json.loads(found).items() if key != "at"}


def test_an_approval_continues_the_run_and_records_the_caller(tuner: Tuner, waiting: FakeAws) -> None:
    outcome = tuner("approve", RUN)
    assert outcome.status == 0
    assert f"Approved: the run {RUN} continues, and costs about $264.00 and 1 unknown price." in flat(outcome.err)
    ((sent),) = waiting.calls("SendTaskSuccess")
    assert sent["taskToken"] == "the-token"
    assert json.loads(sent["output"])["by"] == ARN
    assert written(waiting) == {"schema_version": 1, "decision": "approved", "by": ARN, "reason": ""}


def test_a_rejection_ends_the_run_with_its_reason(tuner: Tuner, waiting: FakeAws) -> None:
    outcome = tuner("reject", RUN, "--reason", "too dear")
    assert outcome.status == 0
    ((sent),) = waiting.calls("SendTaskFailure")
    assert sent["error"] == "ApprovalRejectedError"
    assert f"rejected by {ARN} at 20" in sent["cause"]
    assert "too dear. Nothing was spent on training" in sent["cause"]
    assert written(waiting) == {"schema_version": 1, "decision": "rejected", "by": ARN, "reason": "too dear"}


def test_a_rejection_may_be_without_a_reason(tuner: Tuner, waiting: FakeAws) -> None:
    assert tuner("reject", RUN).status == 0
    ((sent),) = waiting.calls("SendTaskFailure")
    assert "Z. Nothing was spent on training" in sent["cause"]
    assert written(waiting) == {"schema_version": 1, "decision": "rejected", "by": ARN, "reason": ""}


def test_the_same_answer_twice_changes_nothing(tuner: Tuner, waiting: FakeAws) -> None:
    tuner("approve", RUN)
    outcome = tuner("approve", RUN)
    assert outcome.status == 0
    assert f"was approved by {ARN} at" in flat(outcome.err)
    assert len(waiting.calls("SendTaskSuccess")) == 1


def test_a_different_second_answer_is_refused(tuner: Tuner, waiting: FakeAws) -> None:
    tuner("approve", RUN)
    outcome = tuner("reject", RUN, "--reason", "dear")
    assert outcome.status == 1
    assert f"was approved by {ARN}" in flat(outcome.err)
    assert f"To end it anyway: tuner stop {RUN}" in flat(outcome.err)
    assert waiting.calls("SendTaskFailure") == []


def test_of_two_people_at_once_the_first_decides(tuner: Tuner, waiting: FakeAws) -> None:
    waiting.tokens.clear()
    outcome = tuner("approve", RUN)
    assert outcome.status == 1
    assert "no longer waits for approval: somebody has just answered, or the time ran out" in flat(outcome.err)
    assert "Contents" not in waiting.s3.list_objects_v2(Bucket=ARTIFACTS, Prefix=f"runs/{RUN}/{Keys.APPROVAL_ANSWER}")


def test_a_run_that_does_not_wait_for_approval_is_refused(tuner: Tuner, aws: FakeAws) -> None:
    aws.add(Execution(RUN, "RUNNING", history=History().is_in(*TO_TRAINING)))
    outcome = tuner("approve", RUN)
    assert outcome.status == 1
    assert f"The run {RUN} does not wait for approval" in flat(outcome.err)


def test_an_ended_run_is_refused(tuner: Tuner, waiting: FakeAws) -> None:
    waiting.add(Execution(RUN, "FAILED"))
    outcome = tuner("approve", RUN)
    assert outcome.status == 1
    assert f"The run {RUN} has ended (FAILED): it needs no answer." in flat(outcome.err)
    assert waiting.calls("SendTaskSuccess") == []


def test_an_expired_approval_names_its_end_time(tuner: Tuner, waiting: FakeAws) -> None:
    waiting.put(RUN, Keys.APPROVAL, {**REQUEST, "expires_at": "2026-01-01T00:00:00Z"})
    outcome = tuner("approve", RUN)
    assert outcome.status == 1
    assert "by 2026-01-01T00:00:00Z, so it ends by itself" in flat(outcome.err)
    assert waiting.calls("SendTaskSuccess") == []


def test_a_second_request_is_approved_only_with_its_sum(tuner: Tuner, waiting: FakeAws) -> None:
    """Whoever has only read the first mail would otherwise approve what they have not seen."""
    waiting.put(RUN, Keys.APPROVAL, {**REQUEST, "at_most_usd": 312.341, "again": True})
    waiting.put(RUN, Keys.APPROVAL_ANSWER, {"decision": "approved", "by": ARN, "at": "2026-11-23T07:00:00Z"})
    outcome = tuner("approve", RUN)
    assert outcome.status == 1
    assert f"asks again, because it can now cost more: $312.35. It was approved by {ARN} at 2026-11-23" in flat(
        outcome.err
    )
    assert flat(outcome.err).endswith(f"To approve this sum too: tuner approve {RUN} --at-most 312.35")
    assert waiting.calls("SendTaskSuccess") == []
    assert tuner("approve", RUN, "--at-most", "312.35").status == 0
    assert len(waiting.calls("SendTaskSuccess")) == 1


def test_nothing_is_approved_over_the_sum_that_was_given(tuner: Tuner, waiting: FakeAws) -> None:
    outcome = tuner("approve", RUN, "--at-most", "263.99")
    assert (outcome.status, waiting.calls("SendTaskSuccess")) == (1, [])
    assert f"The run {RUN} can cost $264.00 (rounded up), which is more than $263.99: not approved." in flat(
        outcome.err
    )
    assert tuner("approve", RUN, "--at-most", "264").status == 0


@pytest.mark.parametrize("command", [("approve", RUN), ("reject", RUN, "--reason", "dear"), ("show", RUN)])
def test_the_token_is_never_shown(tuner: Tuner, waiting: FakeAws, command: tuple[str, ...]) -> None:
    outcome = tuner(*command)
    assert "the-token" not in outcome.out + outcome.err


def test_a_waiting_run_shows_its_approval_request(tuner: Tuner, waiting: FakeAws) -> None:
    shown = flat(tuner("show", RUN).err)
    assert f"waits until 2126-11-23T09:00:00Z for approval of $264.00 plus unknown prices: tuner approve {RUN}" in shown


def test_following_prints_the_approval_request_once(tuner: Tuner, waiting: FakeAws) -> None:
    looks = 0

    def answered() -> None:
        nonlocal looks
        looks += 1
        if looks == 3:
            waiting.add(Execution(RUN))

    waiting.after["GetExecutionHistory"] = answered
    shown = tuner("watch", RUN).err
    assert shown.count("Approval: waits until") == 1
    assert "the-token" not in shown


def flat(text: str) -> str:
    return " ".join(text.split())
