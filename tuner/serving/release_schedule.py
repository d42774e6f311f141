"""The release schedule: releases a run's endpoint at a fixed time, even when the run itself no longer can.

It is created before anything is bought.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from tuner.artifacts.serving import EndpointRecord
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.resource_names import resource_name


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

    def create(self, at: dt.datetime) -> dt.datetime:
        """Creates the schedule, and returns when it fires: an existing one keeps its time."""
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


def delete_schedule_if_released(schedules: Schedules, deployment: str, folder: RunFolder) -> None:
    """Deletes the run's release schedule once its endpoint is recorded as released.

    Without a record, a step that outlived its stopped execution may still be buying: the schedule then stays.
    """
    record = folder.load_if_present(EndpointRecord)
    if record and record.released_at:
        schedules.delete(resource_name(deployment, folder.run_id))
