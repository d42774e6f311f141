"""Whether the tuned model may be used: the run's `gate:` against its scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tuner.settings import GateRule

Decision = Literal["accepted", "rejected", "undecided"]
Metrics = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Sides:
    """What the tuned model was compared with, as metrics of scores.json: the base model, and the best earlier run.

    `best` is None when no earlier run can be compared; then the base model is the best there is so far.
    """

    base: Metrics
    best: Metrics | None = None
    best_run: str = ""

    def against(self, other: str) -> tuple[Metrics, str]:
        """The comparison with the side that a rule names, and what sentences call it."""
        if other == "base":
            return self.base, "base"
        if self.best is None:
            return self.base, "base, since there is no earlier run to compare with"
        return self.best, f"the best earlier run, {self.best_run}"


def decide_gate(gate: Mapping[str, GateRule], sides: Sides) -> dict[str, Any] | None:
    """What the rules come to: {"decision", "sentence", "rules"}; None without any rule.

    One broken rule rejects. Otherwise one that cannot be decided leaves it undecided: a difference that may be chance
    never accepts a model.
    """
    results = [result for measure, rule in gate.items() for result in _results(measure, rule, sides)]
    if not results:
        return None
    decisions = [result["decision"] for result in results]
    decision: Decision = next((value for value in ("rejected", "undecided") if value in decisions), "accepted")
    why = "; ".join(result["sentence"] for result in results if result["decision"] == decision)
    return {"decision": decision, "sentence": f"{decision.capitalize()}: {why}.", "rules": results}


def _results(measure: str, rule: GateRule, sides: Sides) -> list[dict[str, Any]]:
    asked = rule.model_dump(exclude_none=True)
    return [_CHECKS[name](measure, name, asked[name], sides) for name in asked]


def _bound(measure: str, name: str, bound: float, sides: Sides) -> dict[str, Any]:
    entry = sides.base.get(measure)
    numbers = {"bound": bound, "tuned": _mean(entry, "tuned")}
    if numbers["tuned"] is None:
        return _result(measure, name, "undecided", f"{measure} could not be measured", numbers)
    holds = numbers["tuned"] >= bound if name == "at_least" else numbers["tuned"] <= bound
    words = name.replace("_", " ")
    sentence = f"{measure} is {numbers['tuned']:.3g}, {'' if holds else 'not '}{words} {bound:g}"
    return _result(measure, name, "accepted" if holds else "rejected", sentence, numbers)


def _comparison(measure: str, name: str, other: str, sides: Sides) -> dict[str, Any]:
    metrics, words = sides.against(other)
    entry = metrics.get(measure)
    numbers = {"compared_with": _id_of(other, sides), **_numbers(entry)}
    if entry is None or numbers["tuned"] is None or numbers["other"] is None:
        return _result(measure, name, "undecided", f"{measure} could not be compared with {words}", numbers)
    value = entry.get("conclusion", {}).get("value", "undecided")
    if name == "not_worse_than":
        decision: Decision = "rejected" if value == "worse" else "accepted"
        shown = "is" if value == "worse" else "is not shown to be"
        return _result(measure, name, decision, f"{measure} {shown} worse than {words}", numbers)
    decision = {"better": "accepted", "worse": "rejected"}.get(value, "undecided")  # type: ignore[assignment]
    shown = "is neither shown to be better nor worse" if value == "undecided" else f"is {value}"
    return _result(measure, name, decision, f"{measure} {shown} than {words}", numbers)


def _id_of(other: str, sides: Sides) -> str:
    return sides.best_run if other == "best" and sides.best is not None else "base"


def _numbers(entry: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a comparison decides by; all None where nothing was measured."""
    comparison = (entry or {}).get("comparison", {})
    return {
        "tuned": _mean(entry, "tuned"),
        "other": _mean(entry, "base"),
        "difference": (entry or {}).get("difference"),
        "interval": comparison.get("interval"),
        "questions": comparison.get("n", 0),
    }


def _mean(entry: Mapping[str, Any] | None, model: str) -> float | None:
    mean: float | None = (entry or {}).get(model, {}).get("mean")
    return mean


def _result(measure: str, rule: str, decision: Decision, sentence: str, numbers: dict[str, Any]) -> dict[str, Any]:
    return {"measure": measure, "rule": rule, "decision": decision, "sentence": sentence, "numbers": numbers}


_CHECKS: dict[str, Callable[[str, str, Any, Sides], dict[str, Any]]] = {
    "at_least": _bound,
    "at_most": _bound,
    "better_than": _comparison,
    "not_worse_than": _comparison,
}
