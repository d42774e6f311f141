"""Prepares the table of the candidates: what differs between them, their losses and their costs."""

from __future__ import annotations

from dataclasses import dataclass

from tuner.artifacts.costs.cost_items import CostItemId
from tuner.artifacts.report import Report
from tuner.artifacts.training import CandidateResult
from tuner.reporting.collect.bill import candidate_tokens


@dataclass(frozen=True, slots=True)
class CandidateRow:
    """A candidate with what differs from others, and what its training cost; None when that is not known."""

    candidate: CandidateResult
    hyperparameters: str
    usd: float | None
    result: str


def candidate_rows(report: Report) -> list[CandidateRow]:
    """The candidates in the order of the settings; none for a run with a single customization."""
    candidates = report.training.candidates if report.training else ()
    names = list(dict.fromkeys(name for each in candidates for name in each.hyperparameters))
    differing = [name for name in names if len({each.hyperparameters.get(name) for each in candidates}) > 1]
    return [
        CandidateRow(each, _values(each, differing), _training_usd(report, each), _result(each)) for each in candidates
    ]


def _values(candidate: CandidateResult, names: list[str]) -> str:
    return ", ".join(f"{name} {candidate.hyperparameters.get(name, 'default')}" for name in names)


def _training_usd(report: Report, candidate: CandidateResult) -> float | None:
    items = report.estimate.items if report.estimate else ()
    item = next((each for each in items if each.id == CostItemId.TRAINING), None)
    if item is None or report.training is None:
        return None
    tokens = candidate_tokens(item.quantity, report.training, candidate)
    if tokens == 0:
        return 0.0
    return None if tokens is None or item.unit_price_usd is None else tokens * item.unit_price_usd


def _result(candidate: CandidateResult) -> str:
    if candidate.failure:
        return candidate.failure
    adopted = f", trained by the run {candidate.adopted_from}" if candidate.adopted_from else ""
    return ("chosen" if candidate.chosen else "not chosen") + adopted
