"""Tests of keeping the endpoint of an accepted model: it always has an end."""

import datetime as dt
import json
from collections.abc import Mapping

import pytest

from tests.doubles import DEPLOYMENT, NAME, RUN, FakeEndpoints, MemoryFolder
from tuner.artifacts.serving import EndpointRecord
from tuner.core.artifact_keys import Keys
from tuner.core.errors import AwsError
from tuner.core.resource_names import Tags
from tuner.costs.prices.price_list import price_list
from tuner.serving.inventory import hourly_price, inventory, is_needed
from tuner.serving.keep_endpoint import keep_endpoint, kept_until
from tuner.serving.release_schedule import ReleaseSchedule

PRICE = hourly_price(price_list())
NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
LATER = (NOW + dt.timedelta(hours=5)).isoformat()


class Schedules:
    """Records the schedules that are moved, in order."""

    def __init__(self) -> None:
        self.moved: list[tuple[str, dt.datetime, dict[str, str]]] = []

    def create(self, *_: object) -> dt.datetime:
        raise AssertionError("an existing schedule would keep its time")

    def move(
        self, name: str, at: dt.datetime, function_arn: str, role_arn: str, payload: Mapping[str, str]
    ) -> dt.datetime:
        self.moved.append((name, at, dict(payload)))
        return at


@pytest.fixture
def throughputs() -> FakeEndpoints:
    return FakeEndpoints()


@pytest.fixture
def folder(throughputs: FakeEndpoints) -> MemoryFolder:
    record = {
        "kind": "provisioned",
        "arn": throughputs.add(status="InService"),
        "name": NAME,
        "model_units": 1,
        "commitment": None,
        "created_at": "2026-11-23T07:00:00Z",
    }
    return MemoryFolder(RUN, {Keys.ENDPOINT: json.dumps(record).encode()})


def schedule_of(schedules: Schedules) -> ReleaseSchedule:
    return ReleaseSchedule(schedules, DEPLOYMENT, RUN, "arn:function", "arn:role")


def test_the_schedule_is_armed_for_the_longest_time_from_now() -> None:
    class Created(Schedules):
        create = Schedules.move  # type: ignore[assignment]

    schedules, asked_at = Created(), dt.datetime.now(dt.UTC)
    at = schedule_of(schedules).arm(longest_hours=4)
    assert schedules.moved == [(NAME, at, {"run_id": RUN})]
    assert dt.timedelta(hours=4) <= at - asked_at < dt.timedelta(hours=4, minutes=1)


def test_the_schedule_the_tag_and_the_record_have_the_same_time(
    throughputs: FakeEndpoints, folder: MemoryFolder
) -> None:
    schedules = Schedules()
    asked_at = dt.datetime.now(dt.UTC)
    kept = keep_endpoint(throughputs, folder, schedule_of(schedules), hours=3).kept_until
    ((name, at, payload),) = schedules.moved
    assert (name, payload) == (NAME, {"run_id": RUN})
    assert dt.timedelta(hours=3) <= at - asked_at < dt.timedelta(hours=3, minutes=1)
    assert kept == at.replace(microsecond=0).isoformat().replace("+00:00", "Z")
    assert folder.load(EndpointRecord).kept_until == kept
    assert throughputs.tags(folder.load(EndpointRecord).arn)[Tags.KEPT_UNTIL] == kept


def test_a_repeated_step_does_not_keep_the_endpoint_longer(throughputs: FakeEndpoints, folder: MemoryFolder) -> None:
    first = keep_endpoint(throughputs, folder, schedule_of(Schedules()), hours=3)
    assert keep_endpoint(throughputs, folder, schedule_of(Schedules()), hours=9) == first


def test_an_endpoint_that_is_gone_is_not_kept_and_gets_no_schedule(
    throughputs: FakeEndpoints, folder: MemoryFolder
) -> None:
    throughputs.alive.clear()
    schedules = Schedules()
    assert keep_endpoint(throughputs, folder, schedule_of(schedules), hours=3).kept_until is None
    assert schedules.moved == []


def test_the_schedule_is_moved_before_the_tag_is_written(folder: MemoryFolder) -> None:
    class Vanishing(FakeEndpoints):
        def tag(self, arn: str, tags: Mapping[str, str]) -> None:
            raise AwsError(f"Could not tag {arn}: ResourceNotFoundException")

    schedules, vanishing = Schedules(), Vanishing()
    vanishing.add()
    with pytest.raises(AwsError, match="Could not tag"):
        keep_endpoint(vanishing, folder, schedule_of(schedules), hours=3)
    assert len(schedules.moved) == 1
    assert folder.load(EndpointRecord).kept_until is None


@pytest.mark.parametrize(
    ("tags", "hours"),
    [
        ({Tags.KEPT_UNTIL: LATER}, 5),
        ({Tags.KEPT_UNTIL: (NOW + dt.timedelta(days=400)).isoformat()}, 12),
        ({}, None),
        ({Tags.KEPT_UNTIL: "for ever"}, None),
        ({Tags.KEPT_UNTIL: "2026-11-23T20:00:00"}, None),
    ],
    ids=["as its tag says", "no longer than the deployment allows", "no tag", "no time", "no time zone"],
)
def test_a_tag_keeps_an_endpoint_for_at_most_the_hours_that_the_deployment_allows(
    tags: dict[str, str], hours: int | None
) -> None:
    expected = None if hours is None else NOW + dt.timedelta(hours=hours)
    assert kept_until(tags, NOW, longest_hours=12) == expected


@pytest.mark.parametrize(
    ("status", "hours", "until", "needed"),
    [
        ("RUNNING", 0, None, True),
        pytest.param("RUNNING", 5, None, False, id="of a run that hangs"),
        pytest.param("RUNNING", 5, LATER, True, id="kept, and not reported yet"),
        pytest.param("SUCCEEDED", 5, LATER, True, id="kept"),
        ("SUCCEEDED", 0, "2026-01-01T00:00:00Z", False),
        ("SUCCEEDED", 0, None, False),
        pytest.param("FAILED", 0, LATER, False, id="kept, but failed"),
        pytest.param("ABORTED", 0, LATER, False, id="kept, but stopped"),
        pytest.param(None, 1, LATER, False, id="kept, but of no run"),
    ],
)
def test_the_sweep_keeps_only_what_a_run_needs_or_keeps(
    status: str | None, hours: int, until: str | None, needed: bool
) -> None:
    kind, created = FakeEndpoints(), dt.datetime.now(dt.UTC) - dt.timedelta(hours=hours)
    arn = kind.add(
        created_at=created, tags={Tags.DEPLOYMENT: DEPLOYMENT, **({Tags.KEPT_UNTIL: until} if until else {})}
    )
    assert is_needed(lambda _: status, DEPLOYMENT, 4, 24)(kind, kind.alive[arn]) is needed


def test_the_inventory_has_the_run_and_the_cost_of_each_resource() -> None:
    kind, created = FakeEndpoints(), dt.datetime.now(dt.UTC) - dt.timedelta(hours=1.5)
    claude = "anthropic.claude-3-haiku-20240307-v1:0:200k"
    kind.add(created_at=created, base_model=claude, tags={Tags.DEPLOYMENT: DEPLOYMENT, Tags.RUN: RUN})
    kind.add(created_at=created, base_model="amazon.nova-micro-v1:0:128k")
    kind.add("tuner-somebody", {})
    kind.add("stray", {Tags.DEPLOYMENT: DEPLOYMENT})
    kind.add("others", {})
    found = list(inventory([kind], DEPLOYMENT, 24, PRICE))
    assert [(entry.ours, entry.run_id) for entry in found] == [
        (True, RUN), (True, RUN), (False, "somebody"), (False, None),
    ]  # fmt: skip
    assert found[0].hourly_usd == 132
    assert found[0].usd == 264, "a started hour counts as a whole one"
    assert (found[1].hourly_usd, found[1].usd) == (None, None), "an unknown price is not zero"
    assert not found[0].expected


def test_committed_and_kept_endpoints_are_expected() -> None:
    kind = FakeEndpoints()
    kind.add(commitment="OneMonth")
    kind.add(tags={Tags.DEPLOYMENT: DEPLOYMENT, Tags.KEPT_UNTIL: LATER})
    assert [entry.expected for entry in inventory([kind], DEPLOYMENT, 24, PRICE)] == [True, True]
