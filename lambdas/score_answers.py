"""Grades the answers of one shard, or puts all shards together into scores.json."""

from __future__ import annotations

from pydantic import Field

from lambdas.step import Environment, RunEvent, step
from tuner.aws.s3.encoder_object import EncoderObject
from tuner.evaluation.encoder.files import DeployedEncoder
from tuner.evaluation.score_run import score_run, score_shard


class ScoreEvent(RunEvent):
    """Which shard to grade; all that is left, and the sum of it, when none is named."""

    shard: int | None = None
    # An execution that began before an upgrade may not tell it: its shards have the size that is set.
    shard_size: int | None = Field(None, ge=1)


@step(ScoreEvent)
def handler(event: ScoreEvent, env: Environment) -> dict[str, int]:
    """Returns how many questions were scored."""
    encoder = DeployedEncoder(EncoderObject(env.encoder_bucket, env.encoder_key), env.encoder_sha256)
    folder, size = env.folder(event.run_id), event.shard_size or env.deployment.shard_size
    if event.shard is None:
        return {"scored": score_run(folder, size, encoder)}
    return {"scored": score_shard(folder, event.shard, size, encoder)}
