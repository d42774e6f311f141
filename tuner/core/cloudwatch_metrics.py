"""CloudWatch metrics: where they are, and what those of whole runs are called. Emitters and dashboard both read this.

Every metric has the dimension `service`: the step that counts it, or `RUNS` for what is counted of a whole run,
whichever step does that.
"""

from __future__ import annotations

RUNS = "runs"

RUN_COUNT = "Runs"
RUN_FAILED = "RunsFailed"
RUN_SECONDS = "RunSeconds"
PAID_SECONDS = "PaidSeconds"
ESTIMATED_USD = "EstimatedUsd"
ACTUAL_USD = "ActualUsd"
OVER_BUDGET_USD = "OverBudgetUsd"
UNKNOWN_PRICES = "UnknownPrices"


def namespace(deployment: str) -> str:
    """Each deployment's own, so that two in one account do not set off each other's alarms."""
    return f"BedrockTuner/{deployment}"
