"""Settings of the evaluation (`evaluation` in run.yaml) and of the gate (`gate`)."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import (
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    field_validator,
    model_serializer,
    model_validator,
)

from tuner.catalog.guard import CATEGORY_FIELD, MEASURE
from tuner.catalog.metrics import METRICS, OWN_MEASURES
from tuner.core.artifact_keys import contestant_name
from tuner.core.strict_model import StrictModel, is_from_artifact
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
        description="field of the evaluation records: questions with the same value hang together and count as one "
        "observation; by default found by conversation, document, passage and similarity",
    )
    slices: tuple[str, ...] = Field(
        (),
        max_length=5,
        description="fields of the evaluation records, such as topic or language: the report has a result for each of "
        "their values, and `each` in the gate can ask for all of them; `label` names the labels of a classification",
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
        """The settings that name a field of the records, each with the field. Labels need no field of this name."""
        grouped = [("evaluation.group_by", self.group_by)] if self.group_by else []
        return (*grouped, *(("evaluation.slices", name) for name in self.slices if name != LABEL_SLICE))

    @field_validator("metrics")
    @classmethod
    def _metrics_exist(cls, names: tuple[str, ...] | None, info: ValidationInfo) -> tuple[str, ...] | None:
        if not is_from_artifact(info):
            check_names(names or (), sorted(METRICS), "metric")
        return names

    @field_validator("decides")
    @classmethod
    def _measure_exists(cls, name: str | None, info: ValidationInfo) -> str | None:
        # A scorer that the run names is used beside the metrics; RunSettings checks that there is one.
        metrics = (*(info.data.get("metrics") or METRICS), "scorer")
        # The message does not repeat the name: it is shown as what was found.
        if name and not is_from_artifact(info) and not is_measure(name, metrics):
            known = measures_of(metrics)
            close = difflib.get_close_matches(name, known, n=1)
            raise ValueError(
                f"must be a measure; did you mean '{close[0]}'" if close else "must be a measure of the metrics"
            )
        if name and name.startswith("style_"):
            raise ValueError("must be a measure of which it is known which values are better")
        return name


Method = Literal["base", "few_shot", "retrieval", "retrieval_tuned", "best"]
_METHODS: tuple[str, ...] = get_args(Method)
# Names that mean something else.
_TAKEN = frozenset({*_METHODS, "tuned"})
_GEOGRAPHY_AND_VENDOR = re.compile(r"^((us|us-gov|eu|apac|jp|au|ca|global)\.)?[a-z0-9]+\.")
_VERSION = re.compile(r"-v\d+(:\w+)*$")


class ComparedWith(StrictModel):
    """An entry of `compare_with`: the name of a method, or another model. In files, a method is its name alone."""

    IN_WORDS: ClassVar[str] = "names or objects"

    name: str
    model: str | None = Field(None, min_length=1, description="model id, inference profile, or the ARN of one")

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, value: Any) -> Any:
        if isinstance(value, str):
            if value in _METHODS:
                return {"name": value}
            if "." not in value and not value.startswith("arn:"):
                raise ValueError(_no_contestant(value, _METHODS, "or the id of a model, such as amazon.nova-pro-v1:0"))
            return {"name": _short_name(value), "model": value}
        if isinstance(value, Mapping) and isinstance(value.get("model"), str) and "name" not in value:
            return {**value, "name": _short_name(value["model"])}
        return value

    @model_serializer(mode="wrap")
    def _method_alone(self, handler: SerializerFunctionWrapHandler) -> Any:
        return handler(self) if self.model else self.name

    @model_validator(mode="after")
    def _has_a_usable_name(self) -> ComparedWith:
        if self.model:
            contestant_name(self.name)
            if self.name in _TAKEN:
                raise ValueError(f"'{self.name}' cannot be the name of a model: it means something else; use another")
        elif self.name not in _METHODS:
            raise ValueError(_no_contestant(self.name, _METHODS, "or give the model of this contestant"))
        return self


# Without `compare_with`. With documents, `retrieval` is compared too.
DEFAULT_COMPARED = (ComparedWith(name="base"), ComparedWith(name="few_shot"))


def _short_name(model: str) -> str:
    """The name of a model that has no other: `nova-lite` for `us.amazon.nova-lite-v1:0`."""
    own = _VERSION.sub("", _GEOGRAPHY_AND_VENDOR.sub("", model.rpartition("/")[2]))
    name = re.sub(r"[^a-z0-9_]+", "-", own.lower()).strip("-_")
    return (name if name[:1].isalpha() else f"model-{name}")[:32]


def _no_contestant(name: str, known: Iterable[str], more: str = "") -> str:
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean '{close[0]}'" if close else f"there are: {', '.join(known)}"
    return f"there is no contestant '{name}'; {hint}{f', {more}' if more else ''}"


def check_compared(compared: Sequence[ComparedWith] | None, evaluation: EvaluationSettings) -> None:
    """Checks that the entries of `compare_with` can be told apart, and that all can be asked. Raises ValueError."""
    names = [each.name for each in compared or ()]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"'{name}' is there twice; remove one, or give models different names: {{model:, name:}}")
    if "retrieval_tuned" in names and evaluation.stop_early:
        raise ValueError("retrieval_tuned needs all questions; remove it, or evaluation.stop_early")


class FewShotSettings(StrictModel):
    """Examples from the training data that are shown before a question (`few_shot` in `compare_with`)."""

    examples: int = Field(4, ge=1, le=20, description="training records that are nearest to the question")


class RetrievalSettings(StrictModel):
    """Passages that are shown with a question (`retrieval` in `compare_with`)."""

    passages: int = Field(4, ge=1, le=20, description="passages that are nearest to the question, by BM25")


# What a rule of the gate can compare the tuned model with: the base model, the dataset's best earlier run, or another
# contestant of the run, by its name.
Other = str
_ALWAYS_COMPARED = frozenset({"base", "best"})


class Margin(StrictModel):
    """How much worse than another model the tuned model may be."""

    than: Other = Field(
        description="what the tuned model is compared with: the base model (base), the best earlier run (best), or a "
        "contestant of compare_with"
    )
    margin: float = Field(
        gt=0,
        allow_inf_nan=False,
        description="the largest loss that is accepted, in the units of the measure; the whole interval of the "
        "difference must be inside",
    )


class GateRule(StrictModel):
    """What the tuned model must reach in one measure."""

    at_least: float | None = Field(None, description="lowest accepted mean")
    at_most: float | None = Field(None, description="highest accepted mean")
    better_than: Other | None = Field(
        None,
        description="the tuned model must be significantly better than the base model (base), than the best earlier "
        "run (best), or than a contestant of compare_with",
    )
    not_worse_than: Other | None = Field(
        None,
        description="the tuned model must not be significantly worse; that does not show that it is as good, because "
        "few questions can hardly show a loss: not_worse_by shows it",
    )
    not_worse_by: Margin | None = Field(
        None, description="the tuned model must be shown not to be worse by more than a margin"
    )
    each: str | None = Field(
        None, description="a field of evaluation.slices: the rule must hold in every slice too, not only on the whole"
    )

    # The names of conditions that only a newer version knows. They are no field: run.yaml must not have them.
    _unknown: tuple[str, ...] = PrivateAttr(())

    @model_validator(mode="wrap")
    @classmethod
    def _keep_unknown_names(cls, values: Any, read: ModelWrapValidatorHandler[GateRule]) -> GateRule:
        """Keeps the names of unknown conditions in an artifact: ignoring one would accept what it might refuse."""
        rule = read(values)
        if isinstance(values, Mapping):
            rule._unknown = tuple(sorted(str(name) for name in values if name not in cls.model_fields))
        return rule

    @property
    def unknown_conditions(self) -> tuple[str, ...]:
        """Conditions that a newer version wrote and this one cannot check: the rule cannot be decided as accepted."""
        return self._unknown

    @property
    def compared_with(self) -> frozenset[str]:
        """What the tuned model is compared with: `base`, `best`, other contestants, or nothing."""
        named = (self.better_than, self.not_worse_than, self.not_worse_by and self.not_worse_by.than)
        return frozenset(name for name in named if name)

    @property
    def others(self) -> frozenset[str]:
        """What the tuned model is compared with beside the base model."""
        return self.compared_with - {"base"}

    @property
    def contestants(self) -> frozenset[str]:
        """The contestants of `compare_with` among them."""
        return self.compared_with - _ALWAYS_COMPARED

    @model_validator(mode="after")
    def _has_a_condition(self, info: ValidationInfo) -> GateRule:
        # `at_least: null` asks nothing either. A condition that only a newer version knows does ask something.
        conditions = GateRule.model_fields.keys() - {"each"}
        if not any(getattr(self, name) is not None for name in conditions) and not is_from_artifact(info):
            raise ValueError("has no condition; give at_least, at_most, better_than, not_worse_than or not_worse_by")
        return self


def check_contestants(rule: GateRule, compared: Sequence[ComparedWith] | None) -> None:
    """Checks that the run asks everyone whom the rule compares with. Raises ValueError."""
    names = [each.name for each in (DEFAULT_COMPARED if compared is None else compared)]
    for other in sorted(rule.contestants.difference(names)):
        if other not in _METHODS:
            raise ValueError(_no_contestant(other, dict.fromkeys([*_METHODS, *names])))
        raise ValueError(f"'{other}' is no contestant of the run; add it to compare_with")


def check_gate(gate: Mapping[str, GateRule], metrics: Collection[str]) -> None:
    """Checks that each rule's measure belongs to one of `metrics`. Raises ValueError that names the nearest measure.

    The guard questions have no metric.
    """
    check_measures([name for name in gate if name != MEASURE], metrics)
    preferred = gate.get("preference")
    # The judge compares the answers of the base and the tuned model only.
    if preferred and preferred.others:
        raise ValueError(f"preference compares with base only; name another measure for '{min(preferred.others)}'")


def check_guard_rule(rule: GateRule | None) -> None:
    """Checks the rule about the guard questions. Raises ValueError.

    Whether the run asks any is known with the dataset's files: see `refuse_rule_without_guard`.
    """
    if rule is None:
        return
    if rule.others:
        raise ValueError(f"{MEASURE}: guard questions are compared with base only; use 'base'")
    if rule.each not in (None, CATEGORY_FIELD):
        raise ValueError(f"{MEASURE}: each: guard questions have no '{rule.each}'; use '{CATEGORY_FIELD}'")
    check_rule(MEASURE, rule, (0.0, 1.0))


def check_rule(name: str, rule: GateRule, bounds: tuple[float, float]) -> None:
    """Checks that a rule asks something that a measure with these bounds can answer either way. Raises ValueError."""
    low, high = bounds
    of = f"values of {name} are from {low:g} to {high:g}"
    every, none = "every model meets it", "no model can meet it"
    wrong = (
        (rule.at_least is not None and rule.at_least <= low, "at_least", every),
        (rule.at_least is not None and rule.at_least > high, "at_least", none),
        (rule.at_most is not None and rule.at_most >= high, "at_most", every),
        (rule.at_most is not None and rule.at_most < low, "at_most", none),
        (rule.not_worse_by is not None and rule.not_worse_by.margin >= high - low, "not_worse_by.margin", every),
    )
    for is_wrong, condition, meets in wrong:
        if is_wrong:
            raise ValueError(f"{name}.{condition}: {of}, so {meets}; correct or remove it")
    if rule.at_least is not None and rule.at_most is not None and rule.at_least > rule.at_most:
        raise ValueError(f"{name}: at_least is above at_most, so {none}; correct one of them")


def check_measures(names: Iterable[str], metrics: Collection[str]) -> None:
    """Checks that each measure belongs to one of `metrics`. Raises ValueError that names the nearest measure."""
    check_names([name for name in names if not is_measure(name, metrics)], measures_of(metrics), "measure")


def is_measure(name: str, metrics: Collection[str]) -> bool:
    """Whether one of the metrics yields the measure, as far as that is known before there are answers."""
    prefixes = tuple(prefix for metric, prefix in OWN_MEASURES.items() if metric in metrics)
    return name in measures_of(metrics) or (name.startswith(prefixes) and not name.endswith("."))


def measures_of(metrics: Iterable[str]) -> list[str]:
    """The measures of the metrics that have the same names in every dataset."""
    return [measure.name for metric in metrics for measure in METRICS[metric]]


def check_names(names: Iterable[str], known: Collection[str], kind: str) -> None:
    """Checks that each name is known. Raises ValueError that names the nearest known one, or all."""
    for name in names:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean '{close[0]}'" if close else f"there are: {', '.join(known)}"
            raise ValueError(f"there is no {kind} '{name}'; {hint}")
