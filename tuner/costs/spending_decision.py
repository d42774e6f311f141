"""Decides by its estimate whether a run may spend: at once, once a person approves, or not at all."""

from __future__ import annotations

from typing import Literal

from tuner.artifacts.costs.cost_items import GENERATION
from tuner.artifacts.costs.estimate import Estimate

SpendingDecision = Literal["proceed", "approve", "refuse"]


def spending_decision(estimate: Estimate) -> SpendingDecision:
    """Whether the run may go on, needs approval, or costs too much."""
    if estimate.total_usd > estimate.budget_usd:
        return "refuse"
    asks = estimate.approval_usd is not None and estimate.ask_when_unknown and bool(estimate.unknown)
    return "approve" if _is_over_approval(estimate) or asks else "proceed"


def spending_reason(estimate: Estimate) -> str:
    """The decision in sentences, with the unknown items and the warnings."""
    unknown = f" Unknown, and not counted: {', '.join(estimate.unknown)}." if estimate.unknown else ""
    return " ".join((f"{_decision_sentence(estimate)}{unknown}", *estimate.warnings))


def _is_over_approval(estimate: Estimate) -> bool:
    return estimate.approval_usd is not None and estimate.total_usd > estimate.approval_usd


def _decision_sentence(estimate: Estimate) -> str:
    total, budget = f"${estimate.total_usd:,.2f}", f"${estimate.budget_usd:,.2f}"
    decision = spending_decision(estimate)
    if decision == "refuse":
        return (
            f"The run would cost about {total}: ${estimate.total_usd - estimate.budget_usd:,.2f} over its budget "
            f"of {budget}. {_spent_so_far(estimate)} Use fewer records or epochs, a smaller model or "
            "'serving: on_demand', or raise 'budget_usd' in run.yaml or in the deployment's settings."
        )
    if decision == "proceed":
        return f"The run costs about {total}, within its budget of {budget}."
    if _is_over_approval(estimate):
        return (
            f"The run costs about {total}, within its budget of {budget}, but more than the "
            f"${estimate.approval_usd:,.2f} that need no approval."
        )
    return f"The known items cost {total}, within the run's budget of {budget}, but some prices are unknown."


def _spent_so_far(estimate: Estimate) -> str:
    """Validation data is generated before the estimate, and is paid for by then."""
    generated = any(item.id in GENERATION for item in estimate.items)
    return "Nothing has been spent on training or serving." if generated else "Nothing has been spent."
