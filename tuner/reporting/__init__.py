"""A run's report: gathered from its folder, written as JSON and as one page, summed up for a notification.

report = build(folder)      # whatever the run made, as a Report
publish(folder, report)     # report/report.json and report/index.html
summary(report)             # Markdown
"""

from tuner.artifacts.report import Failure, Report
from tuner.reporting.collect.build import build, build_comparison
from tuner.reporting.collect.release_state import await_release
from tuner.reporting.notify.delivery_marker import is_notified, mark_notified
from tuner.reporting.notify.failure_message import ended_from_outside, failure
from tuner.reporting.notify.notification import subject, summary
from tuner.reporting.notify.run_metrics import measures
from tuner.reporting.page.page import page
from tuner.reporting.publish import publish, published

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
