"""Closes the ledger entries of runs that have ended, and reports runs that could not report themselves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from tuner.artifacts.costs.ledger import LedgerEntry
from tuner.aws.executions import VISIBLE, Execution
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.errors import TunerError
from tuner.core.times import iso, now
from tuner.costs.ledger.reservation import Ledger, settle
from tuner.intake.same_name_run import earlier_run
from tuner.reporting.collect.build import build
from tuner.reporting.collect.release_state import await_release
from tuner.reporting.notify.delivery import Publish, publish_notification
from tuner.reporting.notify.failure_message import execution_failure
from tuner.reporting.notify.notification import namesake_notification
from tuner.reporting.notify.run_metrics import run_metrics
from tuner.reporting.publish import publish, published

Unsuccessful = Literal["FAILED", "ABORTED", "TIMED_OUT"]


@dataclass(frozen=True, slots=True)
class Closing:
    """`notify` sends a message to the deployment's topic. `count` emits the metrics of a run."""

    ledger: Ledger
    notify: Publish
    count: Callable[[Mapping[str, float]], None]
    clock: Callable[[], dt.datetime] = now

    def settle(self, folder: RunFolder) -> None:
        """Closes the ledger's entry of a run."""
        settle(self.ledger, folder, published(folder), self.clock())

    def unsuccessful(self, folder: RunFolder, status: Unsuccessful, execution: Execution, arn: str) -> None:
        """Writes the report, closes the entry and publishes the notification, as far as the run did not.

        The run may already have a report that says SUCCEEDED: it was then stopped after the report and before the
        notification. That report is wrong and is written again. The folder of an earlier execution of the same name is
        not written to.
        """
        reason = execution_failure(status, execution.error, execution.cause)
        if earlier := earlier_run(folder, execution.started_at):
            subject, text = namesake_notification(folder.run_id, reason, folder.uri(), iso(earlier))
            self.notify(subject, text, {"status": status, "run_id": folder.run_id})
            return
        report = published(folder)
        if report is None or report.status == "SUCCEEDED":
            # The same event invokes the release. A report before it would say that the endpoint may still cost money.
            await_release(folder)
            report = build(folder, reason, status, arn)
            publish(folder, report)
            self.count(run_metrics(report))
        self.settle(folder)
        publish_notification(folder, report, self.notify)

    def open_entries(
        self,
        entries: Iterable[LedgerEntry],
        status_of: Callable[[str], str | None],
        folder_of: Callable[[str], RunFolder],
    ) -> tuple[tuple[str, ...], tuple[TunerError, ...]]:
        """Closes the entries of runs that do not run any more: their event was lost, or the reservation came after it.

        Returns the runs, and the errors of those that could not be closed.
        """
        ended = tuple(entry.run_id for entry in entries if self._ended(entry, status_of(entry.run_id)))
        failures: list[TunerError] = []
        for run_id in ended:
            try:
                self.settle(folder_of(run_id))
            except TunerError as error:  # the others first
                failures.append(error)
        return ended, tuple(failures)

    def _ended(self, entry: LedgerEntry, status: str | None) -> bool:
        if status is None and entry.reserved_at:
            return self.clock() - dt.datetime.fromisoformat(entry.reserved_at) > VISIBLE
        return status != "RUNNING"
