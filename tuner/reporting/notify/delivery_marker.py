"""Marks that the notification of a report was published, so that no function publishes it again."""

from __future__ import annotations

from tuner.artifacts.report import Report
from tuner.artifacts.report.delivery_marker import DeliveryMarker
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.times import iso, now


def mark_notified(folder: RunFolder, report: Report) -> None:
    """Writes the marker. Call it after publishing: a crash in between publishes twice, and never not at all."""
    folder.save(DeliveryMarker(status=report.status, ended_at=report.ended_at, notified_at=iso(now())))


def is_notified(folder: RunFolder, report: Report) -> bool:
    """Whether the notification of this report was published. The marker of an earlier report does not count."""
    marker = folder.load_if_present(DeliveryMarker)
    return marker is not None and (marker.status, marker.ended_at) == (report.status, report.ended_at)
