"""Puts a report into the run's folder, and takes it out again."""

from __future__ import annotations

from tuner.artifacts.report import Report
from tuner.artifacts.run_summary import RunSummary
from tuner.aws.s3.run_folder import RunFolder
from tuner.aws.s3.run_summaries import add_run_summary, run_summaries
from tuner.core.artifact_keys import Keys
from tuner.reporting.collect.run_summary import run_summary
from tuner.reporting.page.page import page
from tuner.reporting.page.runs_page import overview


def publish(folder: RunFolder, report: Report) -> str:
    """Writes the page and the summary, then report.json: where it is, the others are too. Returns the page's address.

    The page over all runs is written anew last.
    """
    address = folder.write(Keys.REPORT_PAGE, page(report).encode())
    own = run_summary(report)
    folder.save(own)
    folder.save(report)
    _publish_overview(folder, own)
    return address


def _publish_overview(folder: RunFolder, own: RunSummary) -> None:
    """Runs that end at the same time write it in any order: who finds one summary more afterwards writes it again."""
    shown, known = None, add_run_summary(folder, own)
    while shown != known:
        folder.run_index.write_page(overview(known).encode())
        shown, known = known, run_summaries(folder)


def published(folder: RunFolder) -> Report | None:
    """The report in the run's folder, or None when there is none yet."""
    return folder.load_if_present(Report)
