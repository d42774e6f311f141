"""Polling a run: throttling is waited out, a lasting outage and a denial are errors."""

from itertools import pairwise

import pytest

from tests.unit.cli.fake_aws import Clock, Execution, FakeAws, Refused
from tests.unit.cli.histories import TO_TRAINING, History
from tuner.cli import deployment
from tuner.cli.progress.follow import Follower, snapshots
from tuner.core.errors import AccessDeniedError, ThrottledError


@pytest.fixture
def follower(aws: FakeAws) -> Follower:
    aws.add(Execution("faq-1", "RUNNING", history=History().is_in(*TO_TRAINING)))
    return Follower(deployment.find("BedrockTuner"), "faq-1")


def refuse(aws: FakeAws, code: str, times: int) -> None:
    left = iter(range(times))

    def answer() -> None:
        if next(left, None) is not None:
            raise Refused(code, "slow down")
        aws.executions["faq-1"].status = "SUCCEEDED"

    aws.after["DescribeExecution"] = answer


def test_throttling_slows_polling_and_keeps_the_last_state(aws: FakeAws, follower: Follower, clock: Clock) -> None:
    found = []
    pauses = []
    for each in snapshots(follower):
        found.append(each)
        pauses.append(clock.seconds)
        if len(found) == 1:
            refuse(aws, "ThrottlingException", 16)
    silent = [each for each in found if each.problem]
    assert "slow down" in silent[0].problem
    assert silent[0].steps == found[0].steps
    assert found[-1].run.status == "SUCCEEDED"
    waits = [later - earlier for earlier, later in pairwise(pauses)]
    assert waits[:3] == sorted(waits[:3])
    assert waits[1] > waits[0]
    assert max(waits) <= 60


def test_an_outage_that_lasts_is_an_error(aws: FakeAws, follower: Follower) -> None:
    with pytest.raises(ThrottledError):
        for number, _ in enumerate(snapshots(follower)):
            if number == 0:
                refuse(aws, "ThrottlingException", 10_000)


def test_a_denial_is_an_error_at_once(aws: FakeAws, follower: Follower, clock: Clock) -> None:
    refuse(aws, "AccessDeniedException", 1)
    with pytest.raises(AccessDeniedError):
        list(snapshots(follower))
    assert clock.seconds == 0


def test_a_long_history_is_read_once(aws: FakeAws, follower: Follower) -> None:
    follower.poll()
    first = len(aws.calls("GetExecutionHistory"))
    assert first > 1
    follower.poll()
    assert len(aws.calls("GetExecutionHistory")) == first + 1
