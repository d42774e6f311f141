"""Settings of the gate (`gate` in run.yaml), and the checks of its rules."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pydantic import Field, ModelWrapValidatorHandler, PrivateAttr, ValidationInfo, model_validator

from tuner.catalog.guard_questions import CATEGORY_FIELD, MEASURE
from tuner.core.strict_model import StrictModel, is_from_artifact
from tuner.core.wording import unknown_name
from tuner.settings.run.contestants import DEFAULT_COMPARED, METHODS, ComparedWith
from tuner.settings.run.evaluation import check_measures

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
        if other not in METHODS:
            raise ValueError(unknown_name("contestant", other, dict.fromkeys([*METHODS, *names])))
        raise ValueError(f"'{other}' is no contestant of the run; add it to compare_with")


def check_slices(rule: GateRule, slices: Collection[str]) -> None:
    """Checks that the field of `each` is one of the slices, which are compared with base only. Raises ValueError."""
    if rule.each and rule.each not in slices:
        raise ValueError(f"each: '{rule.each}' is not in evaluation.slices; add it there")
    if rule.each and rule.others:
        raise ValueError(f"each: slices are compared with base only; use another rule for '{min(rule.others)}'")


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
