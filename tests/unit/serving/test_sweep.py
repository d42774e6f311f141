"""The sweep keeps trying with growing waits, and then says what it could not release, at what price, and how to."""

import pytest

from tests.doubles import DEPLOYMENT, FakeEndpoints, MemoryFolder
from tuner.core.errors import AccessDeniedError, StillAliveError
from tuner.serving.alarm import alarm
from tuner.serving.release import Release


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now, self.slept = 0.0, list[float]()

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(seconds)


def sweeper(kind: FakeEndpoints, time: Time, price: float | None = 132.0) -> Release:
    return Release((kind,), DEPLOYMENT, MemoryFolder, lambda _: price, sleep=time.sleep, clock=time.clock)


def unneeded(*_: object) -> bool:
    return False


def test_a_release_that_fails_is_tried_again_with_growing_waits() -> None:
    kind, time = FakeEndpoints(refuses_delete=3), Time()
    arn = kind.add()
    outcome, failures = sweeper(kind, time).sweep(unneeded)
    assert (outcome.released, failures) == ((arn,), ())
    assert time.slept == [5, 15, 45]


def test_what_fails_to_the_end_is_handed_back_and_the_others_are_released() -> None:
    kind, time = FakeEndpoints(), Time()
    stuck, fine = kind.add("tuner-stuck"), kind.add("tuner-fine")

    def delete(arn: str) -> None:
        if arn == stuck:
            raise StillAliveError(f"Bedrock does not delete {arn} now.")
        del kind.alive[arn]

    kind.delete = delete  # type: ignore[method-assign]
    outcome, (failure,) = sweeper(kind, time).sweep(unneeded)
    assert outcome.released == (fine,)
    assert failure.endpoint
    assert failure.endpoint.arn == stuck


def test_a_missing_permission_is_not_waited_for() -> None:
    class Forbidden(FakeEndpoints):
        def delete(self, arn: str) -> None:
            raise AccessDeniedError("not authorized to perform: bedrock:DeleteProvisionedModelThroughput")

    kind, time = Forbidden(), Time()
    kind.add()
    _, failures = sweeper(kind, time).sweep(unneeded)
    assert len(failures) == 1
    assert time.slept == []


def test_the_alarm_still_has_time_when_many_are_stuck() -> None:
    kind, time = FakeEndpoints(lingers=10**6), Time()
    for number in range(6):
        kind.add(f"tuner-{number}")
    _, failures = sweeper(kind, time).sweep(unneeded)
    assert len(failures) == 6
    assert time.now < 200, "the function has four minutes"


@pytest.mark.parametrize(
    ("price", "said"), [(132.0, "costs $132.00 an hour"), (None, "price list does not know")], ids=["known", "unknown"]
)
def test_the_alarm_names_the_endpoint_its_price_and_the_command(price: float | None, said: str) -> None:
    kind, time = FakeEndpoints(refuses_delete=100), Time()
    arn = kind.add()
    _, failures = sweeper(kind, time, price).sweep(unneeded)
    text = alarm(failures, lambda _: price, DEPLOYMENT)
    assert said in text
    assert f"aws bedrock delete-provisioned-model-throughput --provisioned-model-id {arn} --region us-east-1" in text
    assert "it is being created" in text


def test_a_kind_that_cannot_be_listed_is_an_alarm_too() -> None:
    class Hidden(FakeEndpoints):
        def list(self, name: str):  # type: ignore[no-untyped-def]
            raise AccessDeniedError("not authorized to perform: bedrock:ListProvisionedModelThroughputs")

    _, failures = sweeper(Hidden(), Time()).sweep(unneeded)
    text = alarm(failures, lambda _: None, DEPLOYMENT)
    assert "could not even be listed" in text
    assert "bedrock:ListProvisionedModelThroughputs" in text
