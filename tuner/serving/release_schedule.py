"""The release switch: a schedule that is armed before anything is bought, and fires even if its run is gone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from tuner.aws.s3.run_folder import RunFolder
from tuner.core.resource_names import resource_name
from tuner.serving.purchase import read


class Schedules(Protocol):
    """One-time schedules."""

    def arm(
        self, name: str, at: dt.datetime, function_arn: str, role_arn: str, payload: Mapping[str, str]
    ) -> dt.datetime:
        """Arms one, or finds it armed; returns when it fires."""
        ...

    def rearm(
        self, name: str, at: dt.datetime, function_arn: str, role_arn: str, payload: Mapping[str, str]
    ) -> dt.datetime:
        """Arms one, or lets an armed one fire at `at` instead; returns when it fires."""
        ...

    def disarm(self, name: str) -> None:
        """Deletes one."""
        ...


@dataclass(frozen=True, slots=True)
class Switch:
    """One run's release switch, and what it calls."""

    schedules: Schedules
    deployment: str
    run_id: str
    function_arn: str
    role_arn: str

    def arm(self, at: dt.datetime) -> dt.datetime:
        """Arms it and returns when it fires; an armed one keeps its time."""
        return self.schedules.arm(self._name, at, self.function_arn, self.role_arn, self._payload)

    def rearm(self, at: dt.datetime) -> dt.datetime:
        """Lets it fire at `at`, armed or not."""
        return self.schedules.rearm(self._name, at, self.function_arn, self.role_arn, self._payload)

    @property
    def _name(self) -> str:
        return resource_name(self.deployment, self.run_id)

    @property
    def _payload(self) -> dict[str, str]:
        return {"run_id": self.run_id}


def disarm_if_released(schedules: Schedules, deployment: str, folder: RunFolder) -> None:
    """Takes the run's switch away once its purchase is on record as released.

    Without a record, a purchase may still be under way in a step that outlived its execution: then the switch stays.
    """
    record = read(folder)
    if record and record.released_at:
        schedules.disarm(resource_name(deployment, folder.run_id))
