"""Settings of the evaluation (`evaluation` in run.yaml), and which measures there are."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from tuner.catalog.metrics import METRICS, OWN_MEASURES
from tuner.core.strict_model import StrictModel, is_from_artifact
from tuner.core.wording import nearest_name, unknown_name
from tuner.settings.loading import matching

# A classification has slices by its labels without a field of this name.
LABEL_SLICE = "label"


class EvaluationSettings(StrictModel):
    """Which metrics are computed, in which language, and the seed that makes their statistics repeatable."""

    metrics: tuple[str, ...] | None = Field(
        None,
        min_length=1,
        description="names of metrics, see [evaluation.md](evaluation.md); by default those of the task",
    )
    decides: str | None = Field(
        None, description="measure that decides the verdict; by default the first one of the task that has scores"
    )
    language: Annotated[str, matching("[a-z]{2}(-[a-z]+)?", "a language's code, such as en or zh")] | None = Field(
        None, description="language of the answers; detected by default"
    )
    group_by: str | None = Field(
        None,
        min_length=1,
        description="field of the evaluation records: questions with the same value are related and count as one "
        "observation; by default found by conversation, document, passage and similarity",
    )
    slices: tuple[str, ...] = Field(
        (),
        max_length=5,
        description="fields of the evaluation records, such as topic or language. The report has a result for each of "
        "their values, and `each` in the gate can ask for all of them. `label` names the labels of a classification",
    )
    stop_early: bool = Field(
        False,
        description="ask the tuned model in batches, and stop asking when the answers so far decide the gate, or the "
        "verdict without a gate; see [evaluation.md](evaluation.md#stopping-early)",
    )
    samples: int = Field(
        1,
        ge=1,
        le=16,
        description="answers to each question, with `inference.temperature` above 0 if there are several: their mean "
        "is the score of the question ([evaluation.md](evaluation.md#several-answers-to-a-question))",
    )
    guard: int = Field(
        0,
        ge=0,
        le=200,
        description="number of guard questions: they show whether the tuned model forgot what the base model could do "
        "or became harmful ([evaluation.md](evaluation.md#forgetting-and-harm)); 0 asks none",
    )
    seed: int = Field(
        0,
        ge=0,
        description="seed of the bootstrap intervals, of the draw of the guard questions, and of the order of the "
        "questions with stop_early",
    )
    leakage: Literal["refuse", "warn"] = Field(
        "refuse",
        description="what happens when an evaluation question is also in the training data; in the validation data, it "
        "is always a warning",
    )

    @property
    def kept_fields(self) -> tuple[str, ...]:
        """The fields of the records whose values the evaluation uses."""
        return tuple(dict.fromkeys(filter(None, (self.group_by, *self.slices))))

    @property
    def named_fields(self) -> tuple[tuple[str, str], ...]:
        """The settings that name a field of the records, each with the field.

        Labels need no field of this name. Every question has an id, whether or not its record has one.
        """
        grouped = [("evaluation.group_by", self.group_by)] if self.group_by not in (None, "id") else []
        return (*grouped, *(("evaluation.slices", name) for name in self.slices if name != LABEL_SLICE))

    @field_validator("metrics")
    @classmethod
    def _metrics_exist(cls, names: tuple[str, ...] | None, info: ValidationInfo) -> tuple[str, ...] | None:
        if not is_from_artifact(info):
            for name in names or ():
                if name not in METRICS:
                    raise ValueError(unknown_name("metric", name, sorted(METRICS)))
        return names

    @field_validator("decides")
    @classmethod
    def _measure_exists(cls, name: str | None, info: ValidationInfo) -> str | None:
        # A scorer that the run names is used beside the metrics; RunSettings checks that there is one.
        metrics = (*(info.data.get("metrics") or METRICS), "scorer")
        # The message does not repeat the name: it is shown as what was found.
        if name and not is_from_artifact(info) and not is_measure(name, metrics):
            close = nearest_name(name, measures_of(metrics))
            raise ValueError(
                f"must be a measure; did you mean '{close}'" if close else "must be a measure of the metrics"
            )
        if name and name.startswith("style_"):
            raise ValueError("must not be a measure of style, which has no better and worse values")
        return name


def check_measures(names: Iterable[str], metrics: Collection[str]) -> None:
    """Checks that each measure belongs to one of `metrics`. Raises ValueError that names the nearest measure."""
    for name in names:
        if not is_measure(name, metrics):
            raise ValueError(unknown_name("measure", name, measures_of(metrics)))


def is_measure(name: str, metrics: Collection[str]) -> bool:
    """Whether one of the metrics yields the measure, as far as that is known before there are answers."""
    prefixes = tuple(prefix for metric, prefix in OWN_MEASURES.items() if metric in metrics)
    return name in measures_of(metrics) or (name.startswith(prefixes) and not name.endswith("."))


def measures_of(metrics: Iterable[str]) -> list[str]:
    """The measures of the metrics that have the same names in every dataset."""
    return [measure.name for metric in metrics for measure in METRICS[metric]]
