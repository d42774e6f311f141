"""Grades the answers of one shard, or combines the grades of all shards into scores.json.

With a batch of shards, it grades them and says whether the tuned model has to be asked more questions.

With `scorers` in the deployment's settings, it may invoke these functions too. Without, the role has no such grant.

Calls: s3:ListBucket, s3:GetObject, s3:PutObject, kms:Decrypt, kms:GenerateDataKey, bedrock:InvokeModel.
"""

from __future__ import annotations

from pydantic import Field

from lambdas.step import Environment, RunEvent, StepResult, step
from tuner.aws.s3.encoder_object import EncoderObject
from tuner.evaluation.encoder.files import DeployedEncoder
from tuner.evaluation.gate.interim_analysis import look
from tuner.evaluation.score_run import score_run, score_shard


class ScoreEvent(RunEvent):
    """The shard to grade, or the batch of shards to look at. Without, all remaining shards are graded and combined."""

    shard: int | None = None
    batch: tuple[int, ...] | None = Field(None, min_length=1)
    # Absent in an execution that started before an upgrade: the configured size then applies.
    shard_size: int | None = Field(None, ge=1)


class ScoredQuestions(StepResult):
    """How many questions were scored; after a look, the shards that are to be asked next."""

    scored: int = 0
    batch: tuple[int, ...] = ()


@step(ScoreEvent)
def handler(event: ScoreEvent, env: Environment) -> ScoredQuestions:
    """Grades the shard, or all that is left of the questions."""
    encoder = DeployedEncoder(EncoderObject(env.encoder_bucket, env.encoder_key), env.encoder_sha256)
    folder, size = env.open_folder(event.run_id), event.shard_size or env.deployment.shard_size
    if event.batch is not None:
        return ScoredQuestions(batch=look(folder, size, encoder, event.batch))
    if event.shard is None:
        return ScoredQuestions(scored=score_run(folder, size, encoder))
    return ScoredQuestions(scored=score_shard(folder, event.shard, size, encoder))
