"""Tests of the sweep: it retries with growing pauses, and then publishes an alarm."""

import pytest

from tests.doubles import DEPLOYMENT, FakeEndpoints, MemoryFolder
from tuner.aws.bedrock.resources import PaidResource
from tuner.core.errors import AccessDeniedError, StillAliveError
from tuner.serving.release import Release
from tuner.serving.sweep.release_failure_message import alarm


class Time:
    """A clock that moves only when something sleeps."""

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


def test_a_failed_release_is_retried_with_growing_pauses() -> None:
    kind, time = FakeEndpoints(refuses_delete=3), Time()
    arn = kind.add()
    outcome, failures = sweeper(kind, time).sweep(unneeded)
    assert (outcome.released, failures) == ((arn,), ())
    assert time.slept == [5, 15, 45, 2], "the last is the pause between two looks"


def test_persistent_failures_are_returned_and_the_others_are_released() -> None:
    kind, time = FakeEndpoints(), Time()
    stuck, fine = kind.add("tuner-stuck"), kind.add("tuner-fine")

    def delete(arn: str) -> None:
        if arn == stuck:
            raise StillAliveError(f"Bedrock does not delete {arn} now.")
        del kind.alive[arn]

    kind.delete = delete  # type: ignore[method-assign]
    outcome, (failure,) = sweeper(kind, time).sweep(unneeded)
    assert outcome.released == (fine,)
    assert failure.resource
    assert failure.resource.arn == stuck


def test_a_missing_permission_is_not_retried() -> None:
    class Forbidden(FakeEndpoints):
        def delete(self, arn: str) -> None:
            raise AccessDeniedError("not authorized to perform: bedrock:DeleteProvisionedModelThroughput")

    kind, time = Forbidden(), Time()
    kind.add()
    _, failures = sweeper(kind, time).sweep(unneeded)
    assert len(failures) == 1
    assert time.slept == []


def test_time_for_the_alarm_remains_when_many_endpoints_cannot_be_released() -> None:
    kind, time = FakeEndpoints(lingers=10**6), Time()
    for number in range(6):
        kind.add(f"tuner-{number}")
    _, failures = sweeper(kind, time).sweep(unneeded)
    assert len(failures) == 6
    assert time.now < 200, "the function has four minutes"


@pytest.mark.parametrize(
    ("price", "said"), [(132.0, "costs $132.00 an hour"), (None, "price list has no price")], ids=["known", "unknown"]
)
def test_the_alarm_names_the_endpoint_its_price_and_the_command(price: float | None, said: str) -> None:
    kind, time = FakeEndpoints(refuses_delete=100), Time()
    arn = kind.add()
    _, failures = sweeper(kind, time, price).sweep(unneeded)
    text = alarm(failures, lambda _: price, DEPLOYMENT)
    assert said in text
    assert f"aws bedrock delete-provisioned-model-throughput --provisioned-model-id {arn} --region us-east-1" in text
    assert "it is being created" in text


def test_a_kind_that_cannot_be_listed_is_part_of_the_alarm() -> None:
    class Hidden(FakeEndpoints):
        def list(self, name: str):
            raise AccessDeniedError("not authorized to perform: bedrock:ListProvisionedModelThroughputs")

    _, failures = sweeper(Hidden(), Time()).sweep(unneeded)
    text = alarm(failures, lambda _: None, DEPLOYMENT)
    assert "Bedrock could not list them" in text
    assert "bedrock:ListProvisionedModelThroughputs" in text


def test_the_sweep_asks_for_all_deletions_before_it_looks_whether_any_is_gone() -> None:
    calls: list[str] = []

    class Recorded(FakeEndpoints):
        def get(self, arn: str) -> PaidResource | None:
            calls.append("get")
            return super().get(arn)

        def delete(self, arn: str) -> None:
            calls.append("delete")
            super().delete(arn)

    kind, time = Recorded(lingers=5), Time()
    for number in range(200):
        kind.add(f"tuner-{number}")
    outcome, failures = sweeper(kind, time).sweep(unneeded)
    assert (len(outcome.released), failures) == (200, ())
    assert calls[:200] == ["delete"] * 200
    assert time.now <= 20, "the pauses are common to all, not one after another"
    assert calls.count("get") <= 200 * 3


def test_one_resource_that_cannot_be_judged_does_not_stop_the_sweep() -> None:
    kind = FakeEndpoints()
    arns = {name: kind.add(f"tuner-{name}") for name in ("first", "odd", "last")}

    def needed(_: object, resource: PaidResource) -> bool:
        if resource.arn == arns["odd"]:
            raise KeyError("a member of a newer version")
        return False

    outcome, failures = sweeper(kind, Time()).sweep(needed)
    assert set(outcome.released) == {arns["first"], arns["last"]}
    (failure,) = failures
    assert failure.resource
    assert failure.resource.arn == arns["odd"]
    assert "Unexpected KeyError" in str(failure.error)
