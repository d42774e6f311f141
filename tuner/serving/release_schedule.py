"""The release schedule: releases a run's endpoint at a fixed time, even when the run itself no longer can.

It is created before anything is bought.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from tuner.artifacts.serving import EndpointRecord
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.errors import TunerError
from tuner.core.resource_names import resource_name
from tuner.core.times import now, seconds_since
from tuner.serving.paid_resources import Releasable

# The sweep looks for a released endpoint again after this long, because the reads of the release may have been stale.
_LOOK_AGAIN_SECONDS = 180


class Schedules(Protocol):
    """One-time schedules of EventBridge Scheduler."""

    def create(
        self, name: str, at: dt.datetime, function_arn: str, role_arn: str, payload: Mapping[str, str]
    ) -> dt.datetime:
        """Creates a schedule, or leaves an existing one as it is. Returns when it fires."""
        ...

    def move(
        self, name: str, at: dt.datetime, function_arn: str, role_arn: str, payload: Mapping[str, str]
    ) -> dt.datetime:
        """Moves an existing schedule to `at`, or creates it. Returns when it fires."""
        ...


class PendingSchedules(Protocol):
    """The one-time schedules that have not fired yet."""

    def names(self) -> Iterator[str]:
        """Names of the schedules that have not fired yet."""
        ...

    def payload(self, name: str) -> Mapping[str, str]:
        """What a schedule sends when it fires; empty when it has just fired."""
        ...

    def delete(self, name: str) -> None:
        """Deletes a schedule."""
        ...


@dataclass(frozen=True, slots=True)
class ReleaseSchedule:
    """The release schedule of one run, and the function that it calls."""

    schedules: Schedules
    deployment: str
    run_id: str
    function_arn: str
    role_arn: str

    def arm(self, longest_hours: float) -> dt.datetime:
        """Creates the schedule, before the purchase. Returns when it fires: an existing one keeps its time.

        `longest_hours` count from now, so the endpoint exists for less than that, whatever happens to the run.
        """
        at = now() + dt.timedelta(hours=longest_hours)
        return self.schedules.create(self._name, at, self.function_arn, self.role_arn, self._payload)

    def move(self, at: dt.datetime) -> dt.datetime:
        """Lets the schedule fire at `at`, whether it exists or not. Returns when it fires."""
        return self.schedules.move(self._name, at, self.function_arn, self.role_arn, self._payload)

    @property
    def _name(self) -> str:
        # The run's id is part of the name, so a retried step finds the schedule of the first attempt.
        return resource_name(self.deployment, self.run_id)

    @property
    def _payload(self) -> dict[str, str]:
        return {"run_id": self.run_id}


def delete_schedules_without_endpoint(
    schedules: PendingSchedules, kinds: Sequence[Releasable], folder_of: Callable[[str], RunFolder]
) -> tuple[tuple[str, ...], tuple[TunerError, ...]]:
    """Deletes the release schedules of runs whose endpoint is gone. Returns the runs, and why others could not be read.

    Only the sweep calls this, up to an hour after the release that recorded the endpoint as released, and looks at the
    endpoint once more. Without a record, a step that outlived its stopped execution may still be buying: the schedule
    then stays, fires and deletes itself.
    """
    deleted: list[str] = []
    errors: list[TunerError] = []
    try:
        names = list(schedules.names())
    except TunerError as error:  # the sweep has more to do
        return (), (error,)
    for name in names:
        try:
            run_id = schedules.payload(name).get("run_id")
            if run_id and _is_gone(kinds, folder_of(run_id)):
                schedules.delete(name)
                deleted.append(run_id)
        except TunerError as error:  # one record must not keep the others from being read
            errors.append(error)
    return tuple(deleted), tuple(errors)


def _is_gone(kinds: Sequence[Releasable], folder: RunFolder) -> bool:
    record = folder.load_if_present(EndpointRecord)
    if record is None or not record.released_at or seconds_since(record.released_at) < _LOOK_AGAIN_SECONDS:
        return False
    return all(kind.get(record.arn) is None for kind in kinds if kind.kind == record.kind)
