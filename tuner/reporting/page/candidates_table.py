"""Prepares the table of the candidates: what differs between them, their losses and their costs."""

from __future__ import annotations

from dataclasses import dataclass

from tuner import catalog
from tuner.artifacts.costs.cost_items import CostItemId
from tuner.artifacts.report import Report
from tuner.artifacts.training import CandidateResult
from tuner.reporting.collect.bill import candidate_tokens


@dataclass(frozen=True, slots=True)
class CandidateRow:
    """A candidate with what differs from others, and what its training cost; None when that is not known."""

    candidate: CandidateResult
    differs: str
    usd: float | None
    result: str


def candidate_rows(report: Report) -> list[CandidateRow]:
    """The candidates in the order of the settings; none for a run with a single customization."""
    candidates = report.training.candidates if report.training else ()
    several = len({each.base_model for each in candidates}) > 1
    names = list(dict.fromkeys(name for each in candidates for name in each.hyperparameters))
    differing = [name for name in names if len({each.hyperparameters.get(name) for each in candidates}) > 1]
    return [
        CandidateRow(each, _differs(each, differing, several), _training_usd(report, each), _result(each))
        for each in candidates
    ]


def _differs(candidate: CandidateResult, names: list[str], several_models: bool) -> str:
    values = [f"{name} {candidate.hyperparameters.get(name, 'default')}" for name in names]
    return ", ".join([*([catalog.model(candidate.base_model).name] if several_models else []), *values])


def _training_usd(report: Report, candidate: CandidateResult) -> float | None:
    items = report.estimate.items if report.estimate else ()
    of = (each for each in items if each.id == CostItemId.TRAINING and each.model in (None, candidate.base_model))
    item = next(of, None)
    if item is None or report.training is None:
        return None
    same_item = [each for each in report.training.candidates if item.model in (None, each.base_model)]
    tokens = candidate_tokens(item.quantity, same_item, candidate)
    if tokens == 0:
        return 0.0
    return None if tokens is None or item.unit_price_usd is None else tokens * item.unit_price_usd


def _result(candidate: CandidateResult) -> str:
    if candidate.failure:
        return candidate.failure
    adopted = f", trained by the run {candidate.adopted_from}" if candidate.adopted_from else ""
    return ("chosen" if candidate.chosen else "not chosen") + adopted
