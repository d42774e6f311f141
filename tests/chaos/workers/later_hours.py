"""Advances the time after a run: to the hourly sweep, and to the time of the release schedule."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from typing import Any

from tests.chaos.workers.scenario_runner import ScenarioRunner
from tests.e2e.pipeline import until

_SOON = dt.timedelta(seconds=1)
# A run that an event does not end goes on: the next event comes, and finally the checks report the run.
_SETTLE_SECONDS = 20
# Longer than the time of any release schedule, so that the endpoint is old enough when the schedule fires.
_OLD_HOURS = 1000
# The members of a schedule that UpdateSchedule needs again: it replaces the whole schedule.
_KEPT = ("GroupName", "FlexibleTimeWindow", "ActionAfterCompletion", "Target", "State")


class LaterHours:
    """The events after a run. They happen only while something is left that must not be, or a run has not ended."""

    def __init__(self, runner: ScenarioRunner) -> None:
        self._runner = runner
        self._pipeline = runner.worker.pipeline

    def run(self) -> None:
        """The sweep comes within an hour, the release schedule after hours, and then the sweep again.

        A lasting fault of the release function outlasts all of them. So it ends at last, and the sweep comes once more.
        """
        events = {"sweep": self.sweep, "switch": self.fire_schedules, "sweep after the outage": self._sweep_after_fault}
        for event in ("sweep", "switch", "sweep", "sweep after the outage"):
            worker, dataset = self._runner.worker, self._runner.dataset
            alive = worker.alive(dataset) + worker.training(dataset) + [*worker.batches(dataset)]
            kept = alive or self._runner.unchosen_models() or self._runner.kept_places()
            if not kept and "RUNNING" not in self._runner.runs().values():
                return
            self._runner.later_events.append(event)
            events[event]()
            with suppress(TimeoutError):
                self._runner.settle(_SETTLE_SECONDS)

    def sweep(self) -> None:
        """Run the sweep, and wait until it has returned if the run never settles."""
        began = self._runner.worker.invocations.size()
        if self._runner.worker.sweep() and not self._runner.ends:
            # Without this, the time would advance while the sweep is still looking.
            until(lambda: self._has_swept(began), "the sweep's end", 60)

    def _has_swept(self, position: int) -> bool:
        """Whether every sweep that was invoked after this position of the journal has returned."""
        journal = self._runner.worker.invocations.since(position)
        returned = {entry["number"] for entry in journal if entry["kind"] == "returned"}
        sweeps = [entry for entry in journal if entry["kind"] == "invoked" and entry["place"].endswith("by the sweep")]
        return bool(sweeps) and all(entry["number"] in returned for entry in sweeps)

    def _sweep_after_fault(self) -> None:
        self._runner.worker.set_rules([])
        self.sweep()

    def fire_schedules(self) -> None:
        """Make endpoints look old, set every enabled release schedule to the next second, and wait until all fired."""
        worker = self._runner.worker
        worker.bedrock("PUT", worker.bedrock("GET") | {"endpoints_age_hours": _OLD_HOURS})
        scheduler, enabled = self._pipeline.client("scheduler"), self._enabled()
        for name, schedule in enabled.items():
            at = dt.datetime.now(dt.UTC) + _SOON
            kept = {key: schedule[key] for key in _KEPT}
            scheduler.update_schedule(**kept, ScheduleExpression=f"at({at:%Y-%m-%dT%H:%M:%S})", Name=name)
        if enabled:
            self._runner.ends = True
            until(lambda: not enabled.keys() & self._enabled().keys(), "a release schedule that has fired", 20)

    def _enabled(self) -> dict[str, dict[str, Any]]:
        scheduler = self._pipeline.client("scheduler")
        found: dict[str, dict[str, Any]] = {}
        for entry in scheduler.list_schedules()["Schedules"]:
            # A schedule that fires between the two calls deletes itself.
            with suppress(scheduler.exceptions.ResourceNotFoundException):
                found[entry["Name"]] = scheduler.get_schedule(Name=entry["Name"], GroupName=entry["GroupName"])
        return {name: schedule for name, schedule in found.items() if schedule["State"] == "ENABLED"}
