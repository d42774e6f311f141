"""State "Answer with the ... model": asks a contestant some shards of the evaluation questions.

Calls: s3:ListBucket, s3:GetObject, s3:PutObject, kms:Decrypt, kms:GenerateDataKey, bedrock:InvokeModel.
"""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.metrics import MetricUnit
from pydantic import Field

from lambdas.step import Environment, RunEvent, StepResult, metrics, step
from tuner.artifacts.evaluation.contestants import BEST, ContestantName
from tuner.aws.bedrock.converse import ConverseClient
from tuner.evaluation.earlier_runs import copy_best_answers
from tuner.serving.answer_step import answer_shards


class AnswerEvent(RunEvent):
    """Shards of the evaluation questions, and the contestant that answers them."""

    model: ContestantName
    shards: tuple[Annotated[int, Field(ge=0)], ...] = Field(min_length=1)
    # Absent in an execution that started before an upgrade: the configured size then applies.
    shard_size: int | None = Field(None, ge=1)


class AnswerCounts(StepResult):
    """How many questions were answered, and how many failed."""

    answered: int
    failed: int


@step(AnswerEvent)
def handler(event: AnswerEvent, env: Environment) -> AnswerCounts:
    """Asks the questions that have no answer yet."""
    folder = env.open_folder(event.run_id)
    manifest = folder.manifest_of_choice()
    contestant, size = manifest.contestant(event.model), event.shard_size or env.deployment.shard_size
    if contestant.kind == BEST:
        answered, failed = copy_best_answers(folder, event.shards, size)
        return AnswerCounts(answered=answered, failed=failed)
    concurrency = env.deployment.answer_concurrency
    answered, failed = answer_shards(ConverseClient(), folder, manifest, contestant, event.shards, size, concurrency)
    metrics.add_metric("AnswersFailed", MetricUnit.Count, failed)
    return AnswerCounts(answered=answered, failed=failed)
