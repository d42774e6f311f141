"""Makes the summary of a run (`report/card.json`) from its report."""

from __future__ import annotations

from tuner.artifacts.report import Report
from tuner.artifacts.report.run_summary import MeasureMeans, RunSummary, questions_digest
from tuner.reporting.collect.model_names import display_name


def run_summary(report: Report) -> RunSummary:
    """The summary of a report."""
    base = report.models.base
    return RunSummary(
        run_id=report.run_id,
        dataset=report.dataset,
        status=report.status,
        started_at=report.started_at,
        ended_at=report.ended_at,
        verdict=report.verdict,
        gate=report.gate.decision if report.gate else None,
        guard=report.guard.value if report.guard else None,
        cost_usd=report.bill.total_usd if report.bill else None,
        cost_at_most_usd=report.bill.at_most_usd if report.bill else None,
        unknown_prices=len(report.bill.unpriced) if report.bill else None,
        base_model=display_name(base) if base else None,
        stand_ins=report.stand_ins,
        questions=len(report.questions),
        questions_digest=questions_digest(question.id for question in report.questions),
        scores={
            name: MeasureMeans(
                label=measure.label,
                better=measure.better,
                base=measure.base.mean,
                tuned=measure.tuned.mean,
            )
            for name, measure in report.scores.items()
        },
    )
