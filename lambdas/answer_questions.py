"""Asks the base or the tuned model some shards of the evaluation questions.

Calls: s3:ListBucket, s3:GetObject, s3:PutObject, kms:Decrypt, kms:GenerateDataKey, bedrock:InvokeModel.
"""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.metrics import MetricUnit
from pydantic import Field

from lambdas.step import Environment, RunEvent, metrics, step
from tuner.artifacts.contestants import ContestantName
from tuner.aws.bedrock.converse import Conversation
from tuner.core.errors import EndpointFailedError, RetryableError
from tuner.serving.inference import Answering, Shard
from tuner.serving.purchase import is_new, require


class AnswerEvent(RunEvent):
    """Shards of the questions for one of the two models."""

    model: ContestantName
    shards: tuple[Annotated[int, Field(ge=0)], ...] = Field(min_length=1)
    # An execution that began before an upgrade may not tell it: its shards have the size that is set.
    shard_size: int | None = Field(None, ge=1)


@step(AnswerEvent)
def handler(event: AnswerEvent, env: Environment) -> dict[str, int]:
    folder = env.folder(event.run_id)
    manifest = folder.manifest()
    record = require(folder) if event.model == "tuned" else None
    endpoint = record.arn if record else manifest.base_endpoint
    answering = Answering(Conversation(), endpoint, manifest, env.deployment.answer_concurrency)
    size = event.shard_size or env.deployment.shard_size
    try:
        answered, failed = answering.run(*(Shard(folder, event.model, number, size) for number in event.shards))
    except EndpointFailedError as error:
        if record and is_new(record):
            raise RetryableError(f"{error} It came into service a moment ago, so it is asked again.") from error
        raise
    metrics.add_metric("AnswersFailed", MetricUnit.Count, failed)
    return {"answered": answered, "failed": failed}
