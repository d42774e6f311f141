"""What a reader must know before believing the scores."""

import pytest

from tuner.artifacts.cost_items import CostItemId
from tuner.artifacts.estimate import CostItem, Estimate
from tuner.artifacts.report import Models, NamedModel, Report
from tuner.reporting import page
from tuner.reporting.collect.caveats import habits, notes
from tuner.reporting.notify.notification import summary

MICRO = NamedModel(id="amazon.nova-micro-v1:0:128k", name="Nova Micro")


def judged(report: Report, judge: NamedModel) -> str:
    models = Models(**{**dict(report.models), "base": MICRO, "judge": judge})
    return " ".join(habits(report.model_copy(update={"models": models})))


@pytest.mark.parametrize("judge_id", ["amazon.nova-pro-v1:0", "us.amazon.nova-pro-v1:0"])
def test_a_judge_of_the_tuned_models_vendor_may_favour_its_own_kind(report: Report, judge_id: str) -> None:
    assert "Judge and tuned model are of one vendor (amazon)" in judged(
        report, NamedModel(id=judge_id, name="Nova Pro")
    )


@pytest.mark.parametrize(
    "judge",
    [
        NamedModel(id="us.anthropic.claude-sonnet-4-6", name="Claude Sonnet 4.6"),
        NamedModel(id="amazon.nova-pro-v1:0", name="similarity judge", stand_in=True),
    ],
)
def test_another_vendors_judge_and_a_stand_in_have_no_kin(report: Report, judge: NamedModel) -> None:
    assert "one vendor" not in judged(report, judge)


def test_what_was_assumed_of_a_judge_is_said(report: Report) -> None:
    assert "does not list the judge mistral.new" in judged(report, NamedModel(id="mistral.new", name="mistral.new"))


def test_the_estimates_warnings_are_in_the_report_and_in_the_notification(report: Report) -> None:
    warned = report.model_copy(
        update={
            "estimate": Estimate(
                items=(), total_usd=0, budget_usd=500, warnings=("Nova Micro is LEGACY: AWS ends it on 2099-01-01.",)
            )
        }
    )
    assert "Nova Micro is LEGACY: AWS ends it on 2099-01-01." in notes(warned)
    assert "Nova Micro is LEGACY" in summary(warned)


def test_the_page_says_where_each_price_is_from(report: Report) -> None:
    source = "AWS Price List API, USE1-NovaMicro-Customization-Training, in force since 2026-08-01; read 2026-11-28"
    item = CostItem(
        id=CostItemId.TRAINING, name="Training", quantity=1, unit="tokens", unit_price_usd=1e-6, usd=1e-6, source=source
    )
    estimate = Estimate(items=(item,), total_usd=1e-6, budget_usd=500)
    assert source in page(report.model_copy(update={"estimate": estimate, "bill": None}))
