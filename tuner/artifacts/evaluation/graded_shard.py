"""`scores/shards/NNNNN.json`: the grades of one shard of the questions."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from tuner.artifacts.base import Artifact
from tuner.artifacts.evaluation.metric_details import MetricFacts
from tuner.artifacts.evaluation.question_scores import QuestionScores


class GradedShard(Artifact):
    """`scores/shards/NNNNN.json`: the grades of one shard of the questions, before statistics.

    By metric, `about` is the same for all shards; `counts` are added up over the shards.
    """

    OMIT_UNSET: ClassVar[bool] = True
    NAME: ClassVar[str] = "scores/shards/"  # a folder: one file per shard

    fingerprint: str
    records: tuple[QuestionScores, ...]
    about: dict[str, MetricFacts] = Field(default_factory=dict)
    counts: dict[str, dict[str, int]] = Field(default_factory=dict)

    @classmethod
    def name(cls, shard: int) -> str:
        """Where a shard's file is in the run's folder."""
        return f"{cls.NAME}{shard:05d}.json"
