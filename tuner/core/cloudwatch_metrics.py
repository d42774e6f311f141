"""Namespace and names of the CloudWatch metrics of whole runs. The code that emits them and the dashboard use both.

Every metric has the dimension `service`: the function that emits it, or `RUNS` for metrics of a whole run, whichever
function emits those.
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
    """The deployment's own namespace, so that two deployments in an account do not trigger each other's alarms."""
    return f"BedrockTuner/{deployment}"
