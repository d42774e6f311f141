"""Tests of the polling: checks are frequent around the expected time, and never too many."""

import pytest

from tuner.artifacts.serving import EndpointRecord, EndpointTimes
from tuner.serving.endpoint_polling import DEFAULT_SECONDS, expected_seconds, next_delay, record_duration
from tuner.settings import DeploymentSettings

POLLING = DeploymentSettings().serving_polling
MODEL = "amazon.nova-micro-v1:0:128k"


class Times:
    """A store of durations. Each of `meanwhile` is written by another run just before this run writes."""

    def __init__(self, *meanwhile: dict[str, list[float]]) -> None:
        self.known: dict[str, tuple[float, ...]] = {}
        self.version = 0
        self.meanwhile = list(meanwhile)

    def read(self) -> tuple[EndpointTimes, str | None]:
        return EndpointTimes(self.known), str(self.version)

    def write(self, times: EndpointTimes, version: str | None) -> bool:
        if self.meanwhile:
            self._replace(EndpointTimes.model_validate(self.meanwhile.pop(0)))
        if version != str(self.version):
            return False
        self._replace(times)
        return True

    def _replace(self, times: EndpointTimes) -> None:
        self.known = times.root
        self.version += 1


def checks(expected: float | None, until: float) -> list[float]:
    """The times of the checks of an endpoint, up to the first one at or after `until`."""
    at = [float(next_delay(POLLING, 0, expected))]
    while at[-1] < until:
        at.append(at[-1] + next_delay(POLLING, at[-1], expected))
    return at


def record(created: str, in_service: str | None) -> EndpointRecord:
    return EndpointRecord(
        kind="provisioned", arn="a", name="n", model_units=1, commitment=None, created_at=created,
        in_service_at=in_service,
    )  # fmt: skip


@pytest.mark.parametrize("took", [20, 180, 700, 1200, 2400, 7200])
@pytest.mark.parametrize("expected", [None, 180.0, 1200.0, 2400.0])
def test_an_endpoint_is_found_within_seconds_of_its_service(took: float, expected: float | None) -> None:
    """The delay is at most 1/45 of the time taken when it is early, 1/250 when it is late, 1/25 when it is overdue."""
    lost = checks(expected, took)[-1] - took
    usual = expected or DEFAULT_SECONDS["provisioned"]
    share = 45 if took < 0.7 * usual else 250 if took < 3 * usual else 25
    assert lost <= max(POLLING.longest, took / share + 1)


@pytest.mark.parametrize("took", range(870, 1650, 13))
def test_an_endpoint_that_takes_about_the_usual_time_is_found_within_four_seconds(took: int) -> None:
    assert checks(1200.0, took)[-1] - took <= 4


def test_checks_near_the_expected_time_are_frequent_and_depend_on_that_time() -> None:
    for waited in (0.71, 1, 1.39):
        assert [next_delay(POLLING, waited * usual, usual) for usual in (300, 1200, 3600)] == [POLLING.shortest, 4, 12]


def test_checks_long_before_the_expected_time_are_rare() -> None:
    assert next_delay(POLLING, 0, 1200) == POLLING.longest


def test_the_expected_time_is_a_default_and_then_the_median_of_the_last_five() -> None:
    times = Times()
    assert expected_seconds(times, "provisioned", MODEL) == DEFAULT_SECONDS["provisioned"]
    for minute in (59, 20, 21, 22, 23, 24):
        record_duration(times, record("2026-11-23T07:00:00Z", f"2026-11-23T07:{minute:02d}:00Z"), MODEL)
    assert times.known == {f"provisioned {MODEL}": (1200.0, 1260.0, 1320.0, 1380.0, 1440.0)}
    assert expected_seconds(times, "provisioned", MODEL) == 1320
    assert expected_seconds(times, "provisioned", "other") == DEFAULT_SECONDS["provisioned"]
    assert expected_seconds(times, "on_demand", MODEL) == DEFAULT_SECONDS["on_demand"]


def test_a_duration_is_recorded_once_and_only_for_an_endpoint_in_service() -> None:
    times = Times()
    record_duration(times, record("2026-11-23T07:00:00Z", None), MODEL)
    for _ in range(2):
        record_duration(times, record("2026-11-23T07:00:00Z", "2026-11-23T07:20:00Z"), MODEL)
    assert times.known == {f"provisioned {MODEL}": (1200.0,)}


def test_durations_that_another_run_records_meanwhile_are_kept() -> None:
    times = Times({"on_demand other": [300.0]}, {"on_demand other": [300.0], f"provisioned {MODEL}": [1100.0]})
    record_duration(times, record("2026-11-23T07:00:00Z", "2026-11-23T07:20:00Z"), MODEL)
    assert times.known == {"on_demand other": (300.0,), f"provisioned {MODEL}": (1100.0, 1200.0)}


def test_a_duration_is_dropped_after_several_conflicts() -> None:
    times = Times(*({"on_demand other": [float(n)]} for n in range(100)))
    record_duration(times, record("2026-11-23T07:00:00Z", "2026-11-23T07:20:00Z"), MODEL)
    assert list(times.known) == ["on_demand other"]
