"""Grades the answers of one shard, or puts all shards together into scores.json."""

from __future__ import annotations

import os

# The encoder is part of the package: looking for a newer one on the internet would only cost time.
os.environ.setdefault("HF_HUB_OFFLINE", "1")

from lambdas.step import Environment, RunEvent, step
from tuner.evaluation.encoder import PACKAGED
from tuner.evaluation.run import score_run, score_shard


class ScoreEvent(RunEvent):
    """Which shard to grade; all that is left, and the sum of it, when none is named."""

    shard: int | None = None


@step(ScoreEvent)
def handler(event: ScoreEvent, env: Environment) -> dict[str, int]:
    """Returns how many questions were scored."""
    folder, size, encoder = env.folder(event.run_id), env.deployment.shard_size, env.bertscore_model or PACKAGED
    if event.shard is None:
        return {"scored": score_run(folder, size, encoder)}
    return {"scored": score_shard(folder, event.shard, size, encoder)}
