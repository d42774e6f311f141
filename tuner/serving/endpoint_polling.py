"""Decides how long to wait before the next check of whether an endpoint is in service.

An endpoint that is in service and not yet used costs money, while a check costs a hundredth of a cent. The checks are
therefore frequent around the time that earlier endpoints took. A late endpoint is found within 1/250 of its own time.
"""

from __future__ import annotations

import datetime as dt
import statistics
from typing import Protocol

from tuner.artifacts.serving import EndpointKind, EndpointRecord, EndpointTimes
from tuner.core.times import seconds_since
from tuner.settings import Polling

# The expected time without earlier endpoints. Provisioned throughput took about twenty minutes in the published
# experiment that this project repeats. Nothing is documented for a deployment, and it costs nothing by the hour.
DEFAULT_SECONDS: dict[EndpointKind, float] = {"provisioned": 1200.0, "on_demand": 300.0}
# Durations that are kept per kind and base model.
_KEPT = 5
_ATTEMPTS = 5

# Shares of the expected time. Checks are most frequent between the first two; from the third on, the endpoint is
# overdue. The longest of five runs rarely takes 1.4 times their median.
_EARLIEST, _LATEST, _OVERDUE = 0.7, 1.4, 3.0
# The shortest delay, as a share of the time waited (near the expected time: as a share of the expected time). Whatever
# the settings, two days take at most 740 checks. Each check takes nine of the 25,000 events in an execution's history.
_SHARE_BEFORE, _SHARE_NEAR, _SHARE_LATE, _SHARE_OVERDUE = 1 / 45, 1 / 300, 1 / 250, 1 / 25
# Longer expected times are treated as this one.
_LONGEST_EXPECTED = 7200.0


class TimesStore(Protocol):
    """How long earlier endpoints took, shared by all runs."""

    def read(self) -> tuple[EndpointTimes, str | None]:
        """The durations and the version of the document; None when there is none yet."""
        ...

    def write(self, times: EndpointTimes, version: str | None) -> bool:
        """Replaces the document of this version. False when another run wrote it meanwhile."""
        ...


def next_delay(polling: Polling, waited: float, expected: float | None) -> int:
    """Seconds until the next check of an endpoint that was created `waited` seconds ago."""
    usual = min(expected or DEFAULT_SECONDS["provisioned"], _LONGEST_EXPECTED)
    if waited < _EARLIEST * usual:
        step = max(polling.longest, round(waited * _SHARE_BEFORE))
        return max(polling.shortest, min(step, round(_EARLIEST * usual - waited)))
    if waited < _LATEST * usual:
        return max(polling.shortest, round(usual * _SHARE_NEAR))
    share = _SHARE_LATE if waited < _OVERDUE * usual else _SHARE_OVERDUE
    return max(polling.shortest, round(waited * share))


def expected_seconds(times: TimesStore, kind: EndpointKind, base_model: str) -> float:
    """The median time of the last endpoints of this kind and base model, or a default before the first."""
    known = times.read()[0].of(kind, base_model)
    return statistics.median(known) if known else DEFAULT_SECONDS[kind]


def record_duration(times: TimesStore, record: EndpointRecord, base_model: str) -> None:
    """Adds the time that this endpoint took to the last ones of its kind and base model, once.

    After several attempts that other runs overtook, it is left out: the times are only an estimate.
    """
    if record.in_service_at is None:
        return
    took = seconds_since(record.created_at, dt.datetime.fromisoformat(record.in_service_at))
    for _ in range(_ATTEMPTS):
        known, version = times.read()
        earlier = known.of(record.kind, base_model)
        # A step that is retried finds its own duration already there.
        if took in earlier[-1:]:
            return
        if times.write(known.replacing(record.kind, base_model, (*earlier, took)[-_KEPT:]), version):
            return
