"""State "Answer with the ... model": asks a contestant some shards of the evaluation questions.

Calls: s3:ListBucket, s3:GetObject, s3:PutObject, kms:Decrypt, kms:GenerateDataKey, bedrock:InvokeModel.
"""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.metrics import MetricUnit
from pydantic import Field

from lambdas.step import Environment, RunEvent, StepResult, metrics, step
from tuner.artifacts.evaluation.contestants import BEST, MAIN, ContestantName
from tuner.artifacts.serving import EndpointRecord
from tuner.aws.bedrock.converse import ConverseClient
from tuner.core.errors import EndpointFailedError, RetryableError
from tuner.costs.allotments import Allotments
from tuner.evaluation.earlier_runs import copy_best_answers
from tuner.serving.inference import GuardShard, Inference, Shard
from tuner.serving.purchase import is_new


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
    folder = env.folder(event.run_id)
    manifest = folder.manifest_of_choice()
    contestant, size = manifest.contestant(event.model), event.shard_size or env.deployment.shard_size
    if contestant.kind == BEST:
        copied, failed = copy_best_answers(folder, event.shards, size)
        return AnswerCounts(answered=copied, failed=failed)
    record = folder.load(EndpointRecord) if contestant.asks_tuned else None
    endpoint = record.arn if record else contestant.model or manifest.base_endpoint
    meter_of = Allotments.of(folder, manifest).answers
    asked = manifest.for_contestant(contestant)
    inference = Inference(ConverseClient(), endpoint, asked, env.deployment.answer_concurrency, meter_of)
    began = inference.clock()
    try:
        samples = manifest.settings.evaluation.samples
        shards = [Shard(folder, contestant, number, size, samples) for number in event.shards]
        answered, failed = inference.run(*shards)
        # One of the invocations asks the guard questions too.
        if manifest.asks_guard and contestant.name in MAIN and 0 in event.shards:
            guard = GuardShard.of(folder, contestant)
            counts = inference.run_guard(guard, Allotments.of(folder, manifest).guard, began)
            answered, failed = answered + counts[0], failed + counts[1]
    except EndpointFailedError as error:
        # Bedrock's runtime learns of a new endpoint later than the control plane.
        if record and is_new(record):
            raise RetryableError(f"{error} It came into service a moment ago, so it is asked again.") from error
        raise
    metrics.add_metric("AnswersFailed", MetricUnit.Count, failed)
    return AnswerCounts(answered=answered, failed=failed)
