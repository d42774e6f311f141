"""How the metrics were computed: the judge, BERTScore's encoder, the comparison of two answers, BLEU.

The details of tasks (classification, extraction, the deployer's scorer) are in `task_details.py`.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tuner.artifacts.base import Part
from tuner.artifacts.evaluation.measure_scores import Number


class OneJudge(Part):
    """A model that graded, how it was asked, and how many of its judgments could be used."""

    model: str
    name: str
    assumed: bool = Field(False, description="the catalog does not list the model")
    # Converse's inferenceConfig: which parameters it has depends on the model.
    inference: dict[str, Number] = Field(default_factory=dict)
    stand_in: bool = Field(False, description="something else judged in the model's place: the local cloud")
    asked: int = Field(0, description="judgments that were asked for")
    missing: int = Field(0, description="judgments that could not be used")
    # Runs of earlier versions did not count them.
    input_tokens: int | None = None
    output_tokens: int | None = None
    as_text: bool = Field(
        False, description="it can call a tool, and was asked for JSON as text instead: batch jobs have no tools"
    )
    in_batch: int = Field(0, description="judgments that a batch job was paid for")
    batch_input_tokens: int = Field(0, description="the part of `input_tokens` that a batch job took")
    batch_output_tokens: int = 0


class JudgeDetails(OneJudge):
    """The judge. Of several judges, the numbers are sums, and `each` has every judge."""

    each: tuple[OneJudge, ...] = Field((), description="of several judges; absent for one")

    @property
    def all(self) -> tuple[OneJudge, ...]:
        """The judges, one by one."""
        return self.each or (self,)


class BertScoreDetails(Part):
    """BERTScore's encoder."""

    model: str
    revision: str | None = None
    layer: int | None = None
    runtime: str | None = None
    language: str | None = None
    baseline: float | None = None
    truncated: int = Field(0, description="answers that were longer than the encoder reads")


class PreferenceDetails(Part):
    """How the judge compared two answers."""

    model: str | None = None
    name: str | None = None
    assumed: bool = False
    inference: dict[str, Number] = Field(default_factory=dict)
    asked: int = 0
    missing: int = 0
    stand_in: int = Field(0, description="judgments that something else gave in the model's place")
    input_tokens: int = 0
    output_tokens: int = 0
    compared: int = Field(0, description="questions with a usable judgment in both orders")
    flipped: int = Field(0, description="those where the judge preferred the other answer in the other order")
    decided: int = Field(0, description="those where it preferred the same answer in both orders")
    longer_won: int = Field(0, description="those of the decided where it preferred the longer answer")


class BleuDetails(Part):
    """How texts were cut into tokens for BLEU."""

    tokenizer: str


class OwnMeasure(Part):
    """What is known of a measure of the deployer's own scorer."""

    range: tuple[float, float]
    better: Literal["higher", "lower"]


class MetricFacts(Part):
    """How a metric was computed for one shard. Only the members that apply to the metric are set.

    `warning` is for the reader of the scores: it joins the warnings of the whole file.
    """

    model: str | None = None
    name: str | None = None
    assumed: bool | None = None
    inference: dict[str, Number] | None = None
    as_text: bool | None = None
    revision: str | None = None
    layer: int | None = None
    runtime: str | None = None
    language: str | None = None
    baseline: float | None = None
    tokenizer: str | None = None
    warning: str | None = None
    judges: tuple[MetricFacts, ...] | None = None
    range: tuple[float, float] | None = None
    measures: dict[str, OwnMeasure] | None = None
