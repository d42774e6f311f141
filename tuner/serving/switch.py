"""The release switch: a schedule that is armed before anything is bought, and fires even if its run is gone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Protocol

from tuner.aws.run_folder import RunFolder
from tuner.run import resource_name
from tuner.serving.purchase import read
from tuner.times import now


class Schedules(Protocol):
    """One-time schedules."""

    def arm(
        self, name: str, at: dt.datetime, function_arn: str, role_arn: str, payload: Mapping[str, str]
    ) -> dt.datetime:
        """Arms one, or finds it armed; returns when it fires."""
        ...

    def disarm(self, name: str) -> None:
        """Deletes one."""
        ...


def arm(
    schedules: Schedules, deployment: str, run_id: str, hours: float, function_arn: str, role_arn: str
) -> dt.datetime:
    """Arms the run's switch `hours` from now and returns when it fires; an armed one keeps its time."""
    at = now() + dt.timedelta(hours=hours)
    return schedules.arm(resource_name(deployment, run_id), at, function_arn, role_arn, {"run_id": run_id})


def disarm_if_released(schedules: Schedules, deployment: str, folder: RunFolder) -> None:
    """Takes the run's switch away once its purchase is on record as released.

    Without a record, a purchase may still be under way in a step that outlived its execution: then the switch stays.
    """
    record = read(folder)
    if record and record.released_at:
        schedules.disarm(resource_name(deployment, folder.run_id))
