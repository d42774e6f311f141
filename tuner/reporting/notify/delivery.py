"""Publishes the notification of a report once: a marker in the run's folder says that it was published."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from tuner.artifacts.report import Report
from tuner.artifacts.report.delivery_marker import DeliveryMarker
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.times import iso, now
from tuner.reporting.notify.notification import notification_subject, notification_text


class Publish(Protocol):
    """Sends a message to the deployment's topic."""

    def __call__(self, subject: str, message: str, attributes: Mapping[str, str]) -> None:
        """Subscribers can filter by `attributes`."""


def publish_notification(folder: RunFolder, report: Report, publish: Publish) -> bool:
    """Publishes the report's summary. False when it was published before."""
    marker = folder.load_if_present(DeliveryMarker)
    # The marker of an earlier report does not count.
    if marker and (marker.status, marker.ended_at) == (report.status, report.ended_at):
        return False
    attributes = {"status": report.status, "run_id": report.run_id}
    publish(notification_subject(report), notification_text(report), attributes)
    # After the publication: a crash in between publishes the notification twice, but it is never lost.
    folder.save(DeliveryMarker(status=report.status, ended_at=report.ended_at, notified_at=iso(now())))
    return True
