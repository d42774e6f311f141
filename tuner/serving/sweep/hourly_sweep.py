"""What the hourly sweep releases, counts and deletes, of the whole deployment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tuner.core.errors import TunerError
from tuner.serving.deletion import Failure
from tuner.serving.inventory import inventory, is_needed
from tuner.serving.paid_resources import Releasable
from tuner.serving.release import Release, ReleaseOutcome
from tuner.serving.release_schedule import PendingSchedules, delete_schedules_without_endpoint
from tuner.serving.sweep.model_cleanup import DeletedModels, Models, UnchosenModels, delete_unused
from tuner.settings import DeploymentSettings


class EndpointCount(NamedTuple):
    """How many endpoints the deployment has, and the age of the oldest that is neither kept nor committed."""

    number: int
    oldest_unexpected_hours: float


@dataclass(frozen=True, slots=True)
class HourlySweep:
    """The sweep of a deployment. `status_of` returns the status of a run's execution."""

    release: Release
    settings: DeploymentSettings
    status_of: Callable[[str], str | None]

    def release_unneeded(self) -> tuple[ReleaseOutcome, tuple[Failure, ...]]:
        """Releases what no run needs. Raises nothing for what cannot be released: it is returned."""
        longest_served = self.settings.longest_throughput_hours
        return self.release.sweep(
            is_needed(
                self.status_of,
                self.release.deployment,
                longest_served,
                self._longest_hours,
                self.release.used_by_others,
            )
        )

    def endpoints(self) -> EndpointCount:
        """Counts the endpoints that exist."""
        found = inventory(self._endpoint_kinds, self.release.deployment, self._longest_hours, self.release.price)
        ours = [entry for entry in found if entry.ours]
        oldest = max((entry.hours for entry in ours if not entry.expected), default=0.0)
        return EndpointCount(len(ours), oldest)

    def delete_schedules(self, schedules: PendingSchedules) -> tuple[tuple[str, ...], tuple[TunerError, ...]]:
        """Deletes the release schedules of endpoints that are gone. Returns the runs, and what could not be read."""
        return delete_schedules_without_endpoint(schedules, self._endpoint_kinds, self.release.folder_of)

    def delete_models(self, models: Models, unchosen: UnchosenModels) -> DeletedModels:
        """Deletes old models and candidates that nothing uses."""
        old = delete_unused(
            models,
            self._endpoint_kinds,
            self.release.deployment,
            self.settings.model_retention_days,
            self.status_of,
            self.release.used_by_others,
        )
        others = unchosen.all()
        return DeletedModels((*old.arns, *others.arns), (*old.errors, *others.errors))

    @property
    def _endpoint_kinds(self) -> Sequence[Releasable]:
        return [kind for kind in self.release.kinds if kind.kind not in ("training", "batch")]

    @property
    def _longest_hours(self) -> float:
        """How long an endpoint can exist at most: it is served, and then kept."""
        return self.settings.longest_throughput_hours + self.settings.longest_keep_hours
