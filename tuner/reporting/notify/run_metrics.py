"""Calculates the CloudWatch metrics of a run that has ended: its result, duration and cost."""

from __future__ import annotations

from collections.abc import Mapping

from tuner.artifacts.report import Report
from tuner.core import cloudwatch_metrics
from tuner.reporting.formatting import seconds_between


def run_metrics(report: Report) -> Mapping[str, float]:
    """The values by the metric's name. A value that is not known is absent, because 0 would be wrong.

    `OverBudgetUsd` is the cost at list prices above the run's budget: 0 within the budget.
    """
    serving, made, bill = report.serving, report.estimate, report.bill
    actual = bill.total_usd if bill else None
    over = max(0.0, actual - made.budget_usd) if made and made.budget_usd is not None and actual is not None else None
    found = {
        cloudwatch_metrics.RUN_COUNT: 1,
        cloudwatch_metrics.RUN_FAILED: int(report.status != "SUCCEEDED"),
        cloudwatch_metrics.RUN_SECONDS: seconds_between(report.started_at, report.ended_at),
        cloudwatch_metrics.PAID_SECONDS: serving.paid_seconds if serving else None,
        cloudwatch_metrics.ESTIMATED_USD: made.total_usd if made else None,
        cloudwatch_metrics.ACTUAL_USD: actual,
        cloudwatch_metrics.OVER_BUDGET_USD: over,
        cloudwatch_metrics.UNKNOWN_PRICES: len(made.unknown) if made else None,
    }
    return {name: float(value) for name, value in found.items() if value is not None}
