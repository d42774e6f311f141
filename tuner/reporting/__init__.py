"""A run's report: gathered from its folder, written as JSON and as one page, summed up for a notification.

report = build(folder)      # whatever the run made, as a Report
publish(folder, report)     # report/report.json and report/index.html
summary(report)             # Markdown
"""

from tuner.reporting.build import build, build_comparison
from tuner.reporting.failure import ended_from_outside, failure
from tuner.reporting.measures import measures
from tuner.reporting.model import Failure, Report
from tuner.reporting.notified import is_notified, mark_notified
from tuner.reporting.page import page
from tuner.reporting.publish import publish, published
from tuner.reporting.release import await_release
from tuner.reporting.summary import subject, summary

__all__ = [
    "Failure",
    "Report",
    "await_release",
    "build",
    "build_comparison",
    "ended_from_outside",
    "failure",
    "is_notified",
    "mark_notified",
    "measures",
    "page",
    "publish",
    "published",
    "subject",
    "summary",
]
