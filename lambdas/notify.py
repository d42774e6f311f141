"""Publishes the result of a run to the deployment's topic.

Calls: s3:ListBucket, s3:GetObject, s3:PutObject, kms:Decrypt, kms:GenerateDataKey, sns:Publish.
"""

from __future__ import annotations

from lambdas.step import Environment, RunEvent, logger, step
from tuner.artifacts.report import Report
from tuner.aws.notifications import notify
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.errors import EvaluationError
from tuner.reporting import is_notified, mark_notified, notification_subject, notification_text, published


def publish_notification(folder: RunFolder, topic_arn: str, report: Report) -> None:
    """Publishes the report's summary, and marks it as published."""
    attributes = {"status": report.status, "run_id": report.run_id}
    notify(topic_arn, notification_subject(report), notification_text(report), attributes)
    # After the publication: a crash in between publishes the notification twice, but it is never lost.
    mark_notified(folder, report)


@step(RunEvent)
def handler(event: RunEvent, env: Environment) -> None:
    """Publishes the report's summary once: a marker in the run's folder says that it was published."""
    folder = env.folder(event.run_id)
    report = published(folder)
    if report is None:
        raise EvaluationError(f"{folder.uri()} has no report to publish: the step that writes it must run first.")
    if is_notified(folder, report):
        logger.info("The notification of this report was already published")
        return
    publish_notification(folder, env.topic_arn, report)
