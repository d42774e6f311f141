"""Looks are rare before an endpoint can be there, close together when it should be, and never too many."""

from collections.abc import Mapping, Sequence

import pytest

from tuner.artifacts.serving import EndpointRecord
from tuner.serving.polling import DEFAULT_SECONDS, expected_seconds, next_look, remember
from tuner.settings import DeploymentSettings

POLLING = DeploymentSettings().serving_polling
MODEL = "amazon.nova-micro-v1:0:128k"


class Times:
    """What is remembered; each of `meanwhile` is written by another run just before this one would write."""

    def __init__(self, *meanwhile: dict[str, list[float]]) -> None:
        self.known: dict[str, list[float]] = {}
        self.version = 0
        self.meanwhile = list(meanwhile)

    def read(self) -> tuple[dict[str, list[float]], str | None]:
        return {name: list(values) for name, values in self.known.items()}, str(self.version)

    def write(self, times: Mapping[str, Sequence[float]], version: str | None) -> bool:
        if self.meanwhile:
            self._replace(self.meanwhile.pop(0))
        if version != str(self.version):
            return False
        self._replace(times)
        return True

    def _replace(self, times: Mapping[str, Sequence[float]]) -> None:
        self.known = {name: list(values) for name, values in times.items()}
        self.version += 1


def looks(expected: float | None, until: float) -> list[float]:
    """The moments of the looks at an endpoint, until the first at or after `until`."""
    at = [float(next_look(POLLING, 0, expected))]
    while at[-1] < until:
        at.append(at[-1] + next_look(POLLING, at[-1], expected))
    return at


def record(created: str, in_service: str | None) -> EndpointRecord:
    return EndpointRecord(
        kind="provisioned", arn="a", name="n", model_units=1, commitment=None, created_at=created,
        in_service_at=in_service,
    )  # fmt: skip


@pytest.mark.parametrize("took", [20, 180, 700, 1200, 2400, 7200])
@pytest.mark.parametrize("expected", [None, 180.0, 1200.0, 2400.0])
def test_an_endpoint_is_found_within_seconds_of_its_service(took: float, expected: float | None) -> None:
    """Of what it took: a 45th when it is early, a 250th when it is late, a 25th when nobody expects it any more."""
    lost = looks(expected, took)[-1] - took
    usual = expected or DEFAULT_SECONDS["provisioned"]
    share = 45 if took < 0.7 * usual else 250 if took < 3 * usual else 25
    assert lost <= max(POLLING.longest, took / share + 1)


@pytest.mark.parametrize("took", range(870, 1650, 13))
def test_an_endpoint_that_takes_about_the_usual_time_is_found_within_four_seconds(took: int) -> None:
    assert looks(1200.0, took)[-1] - took <= 4


def test_near_the_expected_time_looks_are_close_and_the_closer_the_shorter_it_is() -> None:
    for waited in (0.71, 1, 1.39):
        assert [next_look(POLLING, waited * usual, usual) for usual in (300, 1200, 3600)] == [POLLING.shortest, 4, 12]


def test_before_it_they_are_rare() -> None:
    assert next_look(POLLING, 0, 1200) == POLLING.longest


def test_without_history_a_stated_default_is_expected_then_the_median_of_the_last_five() -> None:
    times = Times()
    assert expected_seconds(times, "provisioned", MODEL) == DEFAULT_SECONDS["provisioned"]
    for minute in (59, 20, 21, 22, 23, 24):
        remember(times, record("2026-11-23T07:00:00Z", f"2026-11-23T07:{minute:02d}:00Z"), MODEL)
    assert times.known == {f"provisioned {MODEL}": [1200.0, 1260.0, 1320.0, 1380.0, 1440.0]}
    assert expected_seconds(times, "provisioned", MODEL) == 1320
    assert expected_seconds(times, "provisioned", "other") == DEFAULT_SECONDS["provisioned"]
    assert expected_seconds(times, "on_demand", MODEL) == DEFAULT_SECONDS["on_demand"]


def test_a_repeated_step_remembers_once_and_what_is_not_in_service_not_at_all() -> None:
    times = Times()
    remember(times, record("2026-11-23T07:00:00Z", None), MODEL)
    for _ in range(2):
        remember(times, record("2026-11-23T07:00:00Z", "2026-11-23T07:20:00Z"), MODEL)
    assert times.known == {f"provisioned {MODEL}": [1200.0]}


def test_what_another_run_remembers_meanwhile_is_not_lost() -> None:
    times = Times({"on_demand other": [300.0]}, {"on_demand other": [300.0], f"provisioned {MODEL}": [1100.0]})
    remember(times, record("2026-11-23T07:00:00Z", "2026-11-23T07:20:00Z"), MODEL)
    assert times.known == {"on_demand other": [300.0], f"provisioned {MODEL}": [1100.0, 1200.0]}


def test_who_is_overtaken_every_time_gives_up() -> None:
    times = Times(*({"on_demand other": [float(n)]} for n in range(100)))
    remember(times, record("2026-11-23T07:00:00Z", "2026-11-23T07:20:00Z"), MODEL)
    assert list(times.known) == ["on_demand other"]
