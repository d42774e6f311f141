"""Decides by its estimate whether a run may spend: at once, once a person approves, or not at all."""

from __future__ import annotations

from typing import Literal

from tuner.artifacts.costs.amounts import money, money_at_most
from tuner.artifacts.costs.cost_items import COMPARED, JUDGE_BATCH, CostItemId
from tuner.artifacts.costs.estimate import CostItem, Estimate, WorstCase
from tuner.artifacts.costs.ledger import CEILING_SETTINGS, PassedCeiling
from tuner.core.text_sanitizer import shown_name

SpendingDecision = Literal["proceed", "approve", "refuse"]


_SMALLER = "Use fewer records or epochs, a smaller model or 'serving: on_demand'."
_FEWER_QUESTIONS = "Use fewer evaluation questions, or a smaller 'inference.max_tokens'."
_CHEAPER_JUDGE = "Use fewer evaluation questions, fewer 'evaluation.metrics', or a cheaper model in 'judge.model'."
_CHEAPER_GENERATION = "Use a smaller 'generate.count', or a cheaper model in 'generate.model'."
_FEWER_CALLS = "Use fewer evaluation questions, a larger 'scorer.batch', or remove 'scorer'."
_NO_COMMITMENT = "Remove 'commitment', or take a shorter one."
# What makes an item smaller: settings of run.yaml.
_SMALLER_ITEM = {
    CostItemId.GENERATION_INPUT: _CHEAPER_GENERATION,
    CostItemId.GENERATION_OUTPUT: _CHEAPER_GENERATION,
    CostItemId.TRAINING: (
        "Use fewer records, fewer epochs ('hyperparameters.epochCount'), fewer 'candidates' or a smaller 'base_model'."
    ),
    CostItemId.BASE_MODEL_INPUT: _FEWER_QUESTIONS,
    CostItemId.BASE_MODEL_OUTPUT: _FEWER_QUESTIONS,
    CostItemId.TUNED_MODEL_INPUT: _FEWER_QUESTIONS,
    CostItemId.TUNED_MODEL_OUTPUT: _FEWER_QUESTIONS,
    **dict.fromkeys(COMPARED, "Name fewer contestants in 'compare_with', or use fewer evaluation questions."),
    CostItemId.THROUGHPUT: (
        "Use 'serving: on_demand' if the model allows it, fewer 'model_units', 'serving: none' to train only, or a "
        "deployment with a shorter 'longest_throughput_hours'."
    ),
    CostItemId.KEPT_THROUGHPUT: "Use a smaller 'keep_hours', or fewer 'model_units'.",
    CostItemId.ONE_MONTH_COMMITMENT: _NO_COMMITMENT,
    CostItemId.SIX_MONTHS_COMMITMENT: _NO_COMMITMENT,
    CostItemId.JUDGE_INPUT: _CHEAPER_JUDGE,
    CostItemId.JUDGE_OUTPUT: _CHEAPER_JUDGE,
    **dict.fromkeys(JUDGE_BATCH, _CHEAPER_JUDGE),
    CostItemId.JUDGE_TEST: _CHEAPER_JUDGE,
    CostItemId.SCORER_TEST: _FEWER_CALLS,
    CostItemId.SCORER_CALLS: _FEWER_CALLS,
}


def spending_decision(estimate: Estimate, approved: WorstCase | None = None) -> SpendingDecision:
    """Whether the run may go on, needs approval, or may cost too much. The worst case decides.

    `approved` is what a person has approved in this run: they are asked again only if the worst case has grown.
    """
    if estimate.worst_case_usd > estimate.budget_usd:
        return "refuse"
    if approved and approved.holds(estimate.worst_case):
        return "proceed"
    asks = estimate.approval_usd is not None and estimate.ask_when_unknown and bool(estimate.unknown)
    return "approve" if _is_over_approval(estimate) or asks or estimate.passed_ceilings else "proceed"


def spending_reason(estimate: Estimate) -> str:
    """The decision in sentences, with the unknown items and the warnings."""
    unknown = f" Unknown, and not counted: {', '.join(estimate.unknown)}." if estimate.unknown else ""
    passed = (ceiling_sentence(each) for each in estimate.passed_ceilings)
    return " ".join((f"{_decision_sentence(estimate)}{unknown}", *passed, *estimate.warnings))


def ceiling_sentence(passed: PassedCeiling) -> str:
    """Which ceiling the run would pass, and what other runs have reserved and spent."""
    by = ", ".join(f"{shown_name(each.dataset)} {money(each.usd)}" for each in passed.datasets)
    datasets = f" (by dataset: {by})" if by and passed.ceiling == "deployment" else ""
    return (
        f"With this run, the {passed.ceiling} could pass its ceiling of {money(passed.limit_usd)} for {passed.month} "
        f"('{CEILING_SETTINGS[passed.ceiling]}'): other runs have spent {money(passed.spent_usd)} and reserved "
        f"{money(passed.reserved_usd)}{datasets}."
    )


def cost_in_words(estimate: Estimate) -> str:
    """The expected cost and the worst case. An estimate of an earlier version has no worst case."""
    expected = f"about {money(estimate.total_usd)}"
    return expected if estimate.at_most_usd is None else f"{expected}, at most {money_at_most(estimate.worst_case_usd)}"


def _is_over_approval(estimate: Estimate) -> bool:
    return estimate.approval_usd is not None and estimate.worst_case_usd > estimate.approval_usd


def _decision_sentence(estimate: Estimate) -> str:
    total, budget = cost_in_words(estimate), money(estimate.budget_usd)
    decision = spending_decision(estimate)
    if decision == "refuse":
        over = money_at_most(estimate.worst_case_usd - estimate.budget_usd)
        return (
            f"The run would cost {total}: {over} over its budget of {budget}. {_SPENT_SO_FAR} "
            f"{_largest(estimate)} Or raise 'budget_usd', of the run or of the deployment."
        )
    if decision == "proceed":
        return f"The run costs {total}, within its budget of {budget}."
    if _is_over_approval(estimate):
        return (
            f"The run costs {total}, within its budget of {budget}, but more than the "
            f"{money(estimate.approval_usd)} that need no approval."
        )
    if estimate.passed_ceilings and not (estimate.ask_when_unknown and estimate.unknown):
        return f"The run costs {total}, within its budget of {budget}, but it could pass a ceiling of this month."
    return f"The known items cost {total}, within the run's budget of {budget}, but some prices are unknown."


def _largest(estimate: Estimate) -> str:
    """The item that costs most, and the setting that makes it smaller."""
    item = max(estimate.items, key=_most, default=None)
    if item is None or not _most(item):
        return _SMALLER
    return f"{item.name} costs most: {money_at_most(_most(item))}. {_SMALLER_ITEM.get(item.id, _SMALLER)}"


def _most(item: CostItem) -> float:
    return item.at_most_usd or item.usd or 0


# The judge has been asked for one grade by then, and data may have been generated.
_SPENT_SO_FAR = "Nothing has been spent on training or serving."
