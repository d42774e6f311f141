"""Whether the tuned model may be used: the run's `gate:` against its scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from tuner.settings import GateRule

Decision = Literal["accepted", "rejected", "undecided"]


def decide_gate(gate: Mapping[str, GateRule], metrics: Mapping[str, Mapping[str, Any]]) -> dict[str, Any] | None:
    """What the rules come to by the metrics of scores.json: {"decision", "sentence", "rules"}; None without any rule.

    One broken rule rejects. Otherwise one that cannot be decided leaves it undecided: a difference that may be chance
    never accepts a model.
    """
    results = [result for measure, rule in gate.items() for result in _results(measure, rule, metrics)]
    if not results:
        return None
    decisions = [result["decision"] for result in results]
    decision: Decision = next((value for value in ("rejected", "undecided") if value in decisions), "accepted")
    why = "; ".join(result["sentence"] for result in results if result["decision"] == decision)
    return {"decision": decision, "sentence": f"{decision.capitalize()}: {why}.", "rules": results}


def _results(measure: str, rule: GateRule, metrics: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    asked = rule.model_dump(exclude_none=True)
    entry = metrics.get(measure)
    if entry is None or entry["tuned"]["mean"] is None:
        return [_result(measure, name, "undecided", f"{measure} could not be measured") for name in asked]
    return [_CHECKS[name](measure, name, asked[name], entry) for name in asked]


def _bound(measure: str, name: str, bound: float, entry: Mapping[str, Any]) -> dict[str, Any]:
    mean, words = entry["tuned"]["mean"], name.replace("_", " ")
    holds = mean >= bound if name == "at_least" else mean <= bound
    sentence = f"{measure} is {mean:.3g}, {'' if holds else 'not '}{words} {bound:g}"
    return _result(measure, name, "accepted" if holds else "rejected", sentence)


def _against_base(measure: str, name: str, _other: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    value = entry.get("conclusion", {}).get("value", "undecided")
    if name == "not_worse_than":
        decision: Decision = "rejected" if value == "worse" else "accepted"
        return _result(
            measure, name, decision, f"{measure} is {'' if value == 'worse' else 'not shown to be '}worse than base"
        )
    decision = {"better": "accepted", "worse": "rejected"}.get(value, "undecided")  # type: ignore[assignment]
    shown = "is neither shown to be better nor worse" if value == "undecided" else f"is {value}"
    return _result(measure, name, decision, f"{measure} {shown} than base")


def _result(measure: str, rule: str, decision: Decision, sentence: str) -> dict[str, Any]:
    return {"measure": measure, "rule": rule, "decision": decision, "sentence": sentence}


_CHECKS: dict[str, Callable[[str, str, Any, Mapping[str, Any]], dict[str, Any]]] = {
    "at_least": _bound,
    "at_most": _bound,
    "better_than": _against_base,
    "not_worse_than": _against_base,
}
