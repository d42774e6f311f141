"""When to look next whether an endpoint is in service: seldom while it hardly can be, often when it should be.

From the moment it is in service it is paid for and nobody uses it, and a look costs a hundredth of a cent: so the looks
are close together around the time that earlier runs took, and what comes late is found within a three-hundredth of its
own time.
"""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Mapping, Sequence
from typing import Protocol

from tuner.artifacts.serving import EndpointKind, EndpointRecord
from tuner.core.times import seconds_since
from tuner.settings import Polling

# Before anything is known: about twenty minutes for provisioned throughput (the published experiment that the project
# repeats); for a deployment nothing is documented, and a wrong guess costs nothing by the hour.
DEFAULT_SECONDS: dict[EndpointKind, float] = {"provisioned": 1200.0, "on_demand": 300.0}
_REMEMBERED = 5
_ATTEMPTS = 5

# Shares of the expected time between which it may come at any moment; the longest of five runs is rarely outside.
_EARLIEST, _LATEST, _OVERDUE = 0.7, 1.4, 3.0
# The least wait, as a share of the time waited (of the time expected, while it may come at any moment). Two days of
# looks are at most 740 for any settings: a look takes nine of the 25,000 events that an execution's history may have.
_SHARE_BEFORE, _SHARE_NEAR, _SHARE_LATE, _SHARE_OVERDUE = 1 / 45, 1 / 300, 1 / 250, 1 / 25
# An endpoint that took longer is looked for as if it had taken this long.
_LONGEST_USUAL = 7200.0


class Times(Protocol):
    """What earlier endpoints took, by kind and base model."""

    def read(self) -> tuple[Mapping[str, list[float]], str | None]:
        """Everything that is remembered, and its version."""
        ...

    def write(self, times: Mapping[str, Sequence[float]], version: str | None) -> bool:
        """Replaces what is of this version; False when another run wrote meanwhile."""
        ...


def next_look(polling: Polling, waited: float, expected: float | None) -> int:
    """Seconds until the next look at an endpoint that was created `waited` seconds ago."""
    usual = min(expected or DEFAULT_SECONDS["provisioned"], _LONGEST_USUAL)
    if waited < _EARLIEST * usual:
        step = max(polling.longest, round(waited * _SHARE_BEFORE))
        return max(polling.shortest, min(step, round(_EARLIEST * usual - waited)))
    if waited < _LATEST * usual:
        return max(polling.shortest, round(usual * _SHARE_NEAR))
    share = _SHARE_LATE if waited < _OVERDUE * usual else _SHARE_OVERDUE
    return max(polling.shortest, round(waited * share))


def expected_seconds(times: Times, kind: EndpointKind, base_model: str) -> float:
    """What the last endpoints of this kind and base model took, their median; a stated default before the first."""
    known = times.read()[0].get(_name(kind, base_model), [])
    return statistics.median(known) if known else DEFAULT_SECONDS[kind]


def remember(times: Times, record: EndpointRecord, base_model: str) -> None:
    """Adds what this endpoint took, once, to the last ones of its kind and base model.

    It is a hint: who is overtaken by other runs every time leaves it out.
    """
    if record.in_service_at is None:
        return
    took = seconds_since(record.created_at, dt.datetime.fromisoformat(record.in_service_at))
    name = _name(record.kind, base_model)
    for _ in range(_ATTEMPTS):
        known, version = times.read()
        earlier = known.get(name, [])
        if took in earlier[-1:] or times.write({**known, name: [*earlier, took][-_REMEMBERED:]}, version):
            break


def _name(kind: EndpointKind, base_model: str) -> str:
    return f"{kind} {base_model}"
