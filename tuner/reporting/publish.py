"""Writes a report into the run's folder, and reads it."""

from __future__ import annotations

from tuner.artifacts.report import Report
from tuner.artifacts.report.run_summary import RunSummary
from tuner.aws.s3.run_folder import RunFolder
from tuner.aws.s3.run_summaries import add_run_summary, run_summaries
from tuner.core.artifact_keys import Keys
from tuner.reporting.collect.run_summary import run_summary
from tuner.reporting.page.page import page
from tuner.reporting.page.runs_page import runs_page


def publish(folder: RunFolder, report: Report) -> str:
    """Writes the page, the summary, report.json, and then the page of all runs. Returns the address of the run's page.

    report.json comes after the page and the summary, so a run that has report.json has the other two.
    """
    address = folder.write(Keys.REPORT_PAGE, page(report).encode())
    own = run_summary(report)
    folder.save(own)
    folder.save(report)
    _publish_overview(folder, own)
    return address


def _publish_overview(folder: RunFolder, own: RunSummary) -> None:
    """Writes the page of all runs, and repeats it when another run has ended meanwhile."""
    # Two runs can end at the same time and write the page in any order. Each writes it until it has all summaries.
    shown, known = None, add_run_summary(folder, own)
    while shown != known:
        folder.run_index.write_page(runs_page(known).encode())
        shown, known = known, run_summaries(folder)


def published(folder: RunFolder) -> Report | None:
    """The report in the run's folder, or None when there is none yet."""
    return folder.load_if_present(Report)
