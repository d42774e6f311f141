"""The CloudWatch metrics of a run."""

import pytest

from tests.unit.reporting.conftest import FolderOf
from tests.unit.reporting.sample import artifacts
from tuner.core import cloudwatch_metrics
from tuner.core.artifact_keys import Keys
from tuner.reporting import Failure, Report, build, run_metrics


def test_a_run_has_metrics_of_its_duration_and_cost(report: Report) -> None:
    found = run_metrics(report)
    assert (found[cloudwatch_metrics.RUN_COUNT], found[cloudwatch_metrics.RUN_FAILED]) == (1, 0)
    assert found[cloudwatch_metrics.PAID_SECONDS] == 23 * 60 + 30
    assert found[cloudwatch_metrics.RUN_SECONDS] == pytest.approx(110 * 60, abs=1)
    assert found[cloudwatch_metrics.ACTUAL_USD] == pytest.approx(report.bill.total_usd)  # type: ignore[union-attr]
    assert found[cloudwatch_metrics.OVER_BUDGET_USD] == 0


def test_the_cost_above_the_budget_is_a_metric(report: Report) -> None:
    assert report.estimate
    assert report.bill
    tight = report.model_copy(update={"estimate": report.estimate.model_copy(update={"budget_usd": 100.0})})
    assert run_metrics(tight)[cloudwatch_metrics.OVER_BUDGET_USD] == pytest.approx((report.bill.total_usd or 0) - 100)


def test_unknown_values_are_absent(folder_of: FolderOf) -> None:
    things = {Keys.MANIFEST: artifacts()[Keys.MANIFEST]}
    found = run_metrics(build(folder_of(things), Failure(error="DatasetError", message="no")))
    assert found[cloudwatch_metrics.RUN_FAILED] == 1
    assert not {
        cloudwatch_metrics.ESTIMATED_USD,
        cloudwatch_metrics.ACTUAL_USD,
        cloudwatch_metrics.OVER_BUDGET_USD,
        cloudwatch_metrics.PAID_SECONDS,
    } & set(found)
