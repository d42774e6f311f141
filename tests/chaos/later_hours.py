"""The hours after a run: the hourly sweep, and the release switch when its time has come."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from typing import Any

from tests.chaos.scenario_runner import ScenarioRunner
from tests.e2e.pipeline import until

_LATE = dt.timedelta(seconds=1)
# A run that a stage does not end goes on: the next stage comes, and in the end the checks say so.
_PATIENCE_SECONDS = 20
# Longer than the switch's time: when it fires, the endpoint is that old.
_MANY_HOURS = 1000
_KEPT = ("GroupName", "FlexibleTimeWindow", "ActionAfterCompletion", "Target", "State")


class Clock:
    """Turned forward only as far as something is alive or still running: what would come later changes nothing."""

    def __init__(self, player: ScenarioRunner) -> None:
        self._player = player
        self._pipeline = player.lane.pipeline

    def run(self) -> None:
        """Within an hour comes the sweep, after hours the switch, and the sweep once more.

        A lasting fault of the release function itself outlasts them all: then it ends, and the next sweep comes.
        """
        passing = {"sweep": self.sweep, "switch": self.switch, "sweep after the outage": self._sweep_after_the_outage}
        for stage in ("sweep", "switch", "sweep", "sweep after the outage"):
            lane, dataset = self._player.lane, self._player.dataset
            alive = lane.alive(dataset) + lane.training(dataset)
            if not alive and "RUNNING" not in self._player.runs().values():
                return
            self._player.stages.append(stage)
            passing[stage]()
            with suppress(TimeoutError):
                self._player.settle(_PATIENCE_SECONDS)

    def sweep(self) -> None:
        """Invokes the targets of every rule that a schedule triggers, as events are delivered."""
        began = self._player.lane.invocations.size()
        events, functions = self._pipeline.client("events"), self._pipeline.client("lambda")
        for rule in events.list_rules()["Rules"]:
            if rule.get("ScheduleExpression") and rule["State"] == "ENABLED":
                for target in events.list_targets_by_rule(Rule=rule["Name"])["Targets"]:
                    functions.invoke(FunctionName=target["Arn"], InvocationType="Event", Payload=target["Input"])
                    until(lambda: self._player.lane.invocations.since(began), "the sweep's invocation", 60)
        if not self._player.ends:
            # Such a run does not rest by itself: without this, the sweep could still look while the clock goes on.
            until(lambda: self._has_swept(began), "the sweep's end", 60)

    def _has_swept(self, position: int) -> bool:
        """Whether every sweep that was invoked since this position of the journal has returned."""
        journal = self._player.lane.invocations.since(position)
        returned = {entry["number"] for entry in journal if entry["what"] == "returned"}
        swept = [entry for entry in journal if entry["what"] == "invoked" and entry["place"].endswith("by the sweep")]
        return bool(swept) and all(entry["number"] in returned for entry in swept)

    def _sweep_after_the_outage(self) -> None:
        self._player.lane.rules([])
        self.sweep()

    def switch(self) -> None:
        """Makes what is alive as old as it then is, sets every armed schedule to the next second, and waits until it
        has fired."""
        lane = self._player.lane
        lane.bedrock("PUT", lane.bedrock("GET") | {"endpoints_age_hours": _MANY_HOURS})
        scheduler, armed = self._pipeline.client("scheduler"), self._armed()
        for name, schedule in armed.items():
            at = dt.datetime.now(dt.UTC) + _LATE
            kept = {key: schedule[key] for key in _KEPT}
            scheduler.update_schedule(**kept, ScheduleExpression=f"at({at:%Y-%m-%dT%H:%M:%S})", Name=name)
        if armed:
            self._player.ends = True
            until(lambda: not armed.keys() & self._armed().keys(), "a release switch that has fired", 20)

    def _armed(self) -> dict[str, dict[str, Any]]:
        scheduler = self._pipeline.client("scheduler")
        found: dict[str, dict[str, Any]] = {}
        for entry in scheduler.list_schedules()["Schedules"]:
            with suppress(scheduler.exceptions.ResourceNotFoundException):  # it has fired since it was listed
                found[entry["Name"]] = scheduler.get_schedule(Name=entry["Name"], GroupName=entry["GroupName"])
        return {name: schedule for name, schedule in found.items() if schedule["State"] == "ENABLED"}
