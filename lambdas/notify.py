"""Tells whoever is subscribed what came of a run."""

from __future__ import annotations

from lambdas.step import Environment, RunEvent, logger, step
from tuner.aws.notifications import notify
from tuner.core.errors import EvaluationError
from tuner.reporting import is_notified, mark_notified, published, subject, summary


@step(RunEvent)
def handler(event: RunEvent, env: Environment) -> None:
    """Publishes the report's summary to the topic, and marks that it did."""
    folder = env.folder(event.run_id)
    report = published(folder)
    if report is None:
        raise EvaluationError(f"{folder.uri()} has no report to tell of: the step that writes it must come first.")
    if is_notified(folder, report):
        logger.info("People know of this report")
        return
    notify(env.topic_arn, subject(report), summary(report), {"status": report.status, "run_id": report.run_id})
    mark_notified(folder, report)
