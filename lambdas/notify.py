"""Publishes the result of a run to the deployment's topic.

Calls: s3:ListBucket, s3:GetObject, s3:PutObject, kms:Decrypt, kms:GenerateDataKey, sns:Publish.
"""

from __future__ import annotations

from functools import partial

from lambdas.step import Environment, RunEvent, logger, step
from tuner.aws.notifications import notify
from tuner.core.errors import EvaluationError
from tuner.reporting import publish_notification, published


@step(RunEvent)
def handler(event: RunEvent, env: Environment) -> None:
    """Publishes the report's summary once: a marker in the run's folder says that it was published."""
    folder = env.folder(event.run_id)
    report = published(folder)
    if report is None:
        raise EvaluationError(f"{folder.uri()} has no report to publish: the step that writes it must run first.")
    if not publish_notification(folder, report, partial(notify, env.topic_arn)):
        logger.info("The notification of this report was already published")
