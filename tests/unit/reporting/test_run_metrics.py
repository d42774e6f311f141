"""What CloudWatch is told of a run."""

import pytest

from tests.unit.reporting.conftest import FolderOf
from tests.unit.reporting.sample import artifacts
from tuner.core import cloudwatch_metrics
from tuner.core.artifact_keys import Keys
from tuner.reporting import Failure, Report, build, run_metrics


def test_a_whole_run_is_counted_with_its_time_and_money(report: Report) -> None:
    found = run_metrics(report)
    assert (found[cloudwatch_metrics.RUN_COUNT], found[cloudwatch_metrics.RUN_FAILED]) == (1, 0)
    assert found[cloudwatch_metrics.PAID_SECONDS] == 23 * 60 + 30
    assert found[cloudwatch_metrics.RUN_SECONDS] == pytest.approx(110 * 60, abs=1)
    assert found[cloudwatch_metrics.ACTUAL_USD] == pytest.approx(report.bill.total_usd)  # type: ignore[union-attr]
    assert found[cloudwatch_metrics.OVER_BUDGET_USD] == 0


def test_what_was_used_beyond_the_budget_is_counted(report: Report) -> None:
    assert report.estimate
    assert report.bill
    tight = report.model_copy(update={"estimate": report.estimate.model_copy(update={"budget_usd": 100.0})})
    assert run_metrics(tight)[cloudwatch_metrics.OVER_BUDGET_USD] == pytest.approx((report.bill.total_usd or 0) - 100)


def test_what_is_not_known_is_left_out_and_is_no_zero(folder_of: FolderOf) -> None:
    things = {Keys.MANIFEST: artifacts()[Keys.MANIFEST]}
    found = run_metrics(build(folder_of(things), Failure(error="DatasetError", message="no")))
    assert found[cloudwatch_metrics.RUN_FAILED] == 1
    assert not {
        cloudwatch_metrics.ESTIMATED_USD,
        cloudwatch_metrics.ACTUAL_USD,
        cloudwatch_metrics.OVER_BUDGET_USD,
        cloudwatch_metrics.PAID_SECONDS,
    } & set(found)
