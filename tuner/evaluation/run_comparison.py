"""Compares the tuned models of two runs on the questions that both were asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tuner.core.errors import EvaluationError
from tuner.evaluation.scores import Graded, summarize
from tuner.evaluation.statistics.verdict import Names

# Scores made by another judge or encoder are on another scale.
_SCALES = (("judge", "name", ("correctness", "preference")), ("bertscore", "model", ("bertscore",)))
_PAIRWISE = "preference"


def compare_runs(
    earlier: Mapping[str, Any], later: Mapping[str, Any], names: tuple[str, str], seed: int = 0
) -> dict[str, Any]:
    """A document like scores.json, with `earlier`'s tuned model as base and `later`'s as tuned; `names` are the runs'.

    Questions are the same where their ids are, which are made of question and reference. Preference is left out,
    since it was asked about other pairs, and so are scores by different judges or encoders. Raises EvaluationError
    when the runs share no question.
    """
    before = {record["id"]: record["tuned"] for record in earlier["questions"]}
    shared = [record for record in later["questions"] if record["id"] in before]
    if not shared:
        raise EvaluationError(
            f"The runs {names[0]} and {names[1]} share no evaluation question, so their scores cannot be compared. "
            "Give both datasets the same evaluation file."
        )
    foreign, warnings = _other_scales(earlier, later, names)
    records = [
        {"id": record["id"], "base": _kept(before[record["id"]], foreign), "tuned": _kept(record["tuned"], foreign)}
        for record in shared
    ]
    left_out = max(len(before), len(later["questions"])) - len(shared)
    if left_out:
        warnings.append(f"Compared on the {len(shared)} questions that both runs asked; {left_out} left out.")
    models = Names(f"the tuned model of {names[0]}", f"the tuned model of {names[1]}")
    return summarize(Graded(tuple(records), {}, {}), warnings, seed, names=models)


def _other_scales(
    earlier: Mapping[str, Any], later: Mapping[str, Any], names: tuple[str, str]
) -> tuple[tuple[str, ...], list[str]]:
    """Beginnings of the measures' names that cannot be compared, and why."""
    foreign: list[str] = [_PAIRWISE]
    warnings = []
    for part, key, measures in _SCALES:
        one, other = (document.get(part, {}).get(key) for document in (earlier, later))
        if one != other:
            foreign += measures
            warnings.append(f"{' and '.join(measures)} left out: {names[0]} used {one}, {names[1]} {other}.")
    return tuple(foreign), warnings


def _kept(values: Mapping[str, Any], foreign: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if not name.startswith(foreign)}
