"""What CloudWatch is told of a run that is over: its outcome, its time and its money."""

from __future__ import annotations

from collections.abc import Mapping

from tuner.artifacts.report import Report
from tuner.core import cloudwatch_metrics
from tuner.reporting.formatting import between


def measures(report: Report) -> Mapping[str, float]:
    """By the metric's name; what is not known of the run is left out, and no zero.

    `OverBudgetUsd` is what the run used at list prices beyond its budget: 0 when it kept to it.
    """
    serving, made, bill = report.serving, report.estimate, report.bill
    actual = bill.total_usd if bill else None
    over = max(0.0, actual - made.budget_usd) if made and made.budget_usd is not None and actual is not None else None
    found = {
        cloudwatch_metrics.RUN_COUNT: 1,
        cloudwatch_metrics.RUN_FAILED: int(report.status != "SUCCEEDED"),
        cloudwatch_metrics.RUN_SECONDS: between(report.started_at, report.ended_at),
        cloudwatch_metrics.PAID_SECONDS: serving.paid_seconds if serving else None,
        cloudwatch_metrics.ESTIMATED_USD: made.total_usd if made else None,
        cloudwatch_metrics.ACTUAL_USD: actual,
        cloudwatch_metrics.OVER_BUDGET_USD: over,
        cloudwatch_metrics.UNKNOWN_PRICES: len(made.unknown) if made else None,
    }
    return {name: float(value) for name, value in found.items() if value is not None}
