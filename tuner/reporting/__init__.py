"""The report of a run: made from the artifacts in its folder, written as JSON and as a page, and sent as a message.

report = build(folder)          # the artifacts of the run as one Report
publish(folder, report)         # report/report.json, report/index.html and report/card.json
notification_text(report)       # the message for the topic, in Markdown
"""

from tuner.artifacts.report import Failure, Report
from tuner.reporting.close_run import Closing
from tuner.reporting.collect.build import build
from tuner.reporting.collect.release_state import await_release
from tuner.reporting.notify.delivery import publish_notification
from tuner.reporting.notify.failure_message import execution_failure, step_failure
from tuner.reporting.notify.notification import (
    notification_subject,
    notification_text,
)
from tuner.reporting.notify.run_metrics import run_metrics
from tuner.reporting.page.page import page
from tuner.reporting.publish import publish, published

__all__ = [
    "Closing",
    "Failure",
    "Report",
    "await_release",
    "build",
    "execution_failure",
    "notification_subject",
    "notification_text",
    "page",
    "publish",
    "publish_notification",
    "published",
    "run_metrics",
    "step_failure",
]
