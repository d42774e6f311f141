"""Who was told what: a mark beside the report, so that nobody goes without the news because one step died."""

from __future__ import annotations

from tuner.artifacts.report import Report
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.times import iso, now


def mark_notified(folder: RunFolder, report: Report) -> None:
    """Marks that the topic was told of this report. Comes after telling: a crash in between tells twice."""
    folder.write_json(Keys.NOTIFIED, {"status": report.status, "ended_at": report.ended_at, "notified_at": iso(now())})


def is_notified(folder: RunFolder, report: Report) -> bool:
    """Whether the topic was told of this report, and not of one that stood there before it."""
    mark = folder.find_json(Keys.NOTIFIED)
    return mark is not None and (mark["status"], mark["ended_at"]) == (report.status, report.ended_at)
