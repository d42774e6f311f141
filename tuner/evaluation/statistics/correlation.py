"""Whether the metrics tell the same story: rank correlation of what each says about the same questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from tuner.evaluation.statistics.comparison import rank_correlation

COMPARED = ("correctness", "preference", "bertscore_f1", "rouge_l", "bleu", "chrf", "token_f1")


def agreement(records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Spearman's correlation between measures' gains (tuned minus base) per question: [{"one", "other", "rho", "n"}].

    Gains, and not scores: what counts is whether the measures find the same answers better. Questions without an answer
    of either model are left out, since all measures agree about those.
    """
    gains = {name: _gains(name, records) for name in COMPARED}
    found = [_correlated(one, other, gains) for one, other in combinations([n for n in COMPARED if gains[n]], 2)]
    return [entry for entry in found if entry is not None]


def _gains(name: str, records: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    both = {record["id"]: (record["base"].get(name), record["tuned"].get(name)) for record in records}
    return {key: tuned - base for key, (base, tuned) in both.items() if base is not None and tuned is not None}


def _correlated(one: str, other: str, gains: Mapping[str, Mapping[str, float]]) -> dict[str, Any] | None:
    shared = [key for key in gains[one] if key in gains[other]]
    rho = rank_correlation([gains[one][key] for key in shared], [gains[other][key] for key in shared])
    return None if rho is None else {"one": one, "other": other, "rho": round(rho, 4), "n": len(shared)}
