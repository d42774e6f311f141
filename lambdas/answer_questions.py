"""Asks the base or the tuned model some shards of the evaluation questions.

Calls: s3:ListBucket, s3:GetObject, s3:PutObject, kms:Decrypt, kms:GenerateDataKey, bedrock:InvokeModel.
"""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.metrics import MetricUnit
from pydantic import Field

from lambdas.step import Environment, RunEvent, metrics, step
from tuner.aws.converse import Conversation
from tuner.serving.answers import Answering, Shard, Which
from tuner.serving.purchase import require


class AnswerEvent(RunEvent):
    """Shards of the questions for one of the two models."""

    model: Which
    shards: tuple[Annotated[int, Field(ge=0)], ...] = Field(min_length=1)


@step(AnswerEvent)
def handler(event: AnswerEvent, env: Environment) -> dict[str, int]:
    folder = env.folder(event.run_id)
    manifest = folder.manifest()
    endpoint = manifest.base_endpoint if event.model == "base" else require(folder).arn
    answering = Answering(Conversation(), endpoint, manifest, env.deployment.answer_concurrency)
    size = env.deployment.shard_size
    answered, failed = answering.run(*(Shard(folder, event.model, number, size) for number in event.shards))
    metrics.add_metric("AnswersFailed", MetricUnit.Count, failed)
    return {"answered": answered, "failed": failed}
