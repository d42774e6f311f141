"""What the demo says at its end."""

from pathlib import Path

from local.demo import what_to_look_at
from tests.unit.reporting.sample import RUN
from tuner.artifacts.evaluation.verdict import Verdict
from tuner.artifacts.report import NextStep, Report


def test_the_demo_names_the_report_and_its_first_step() -> None:
    step = NextStep(rule="accept", action="Use the tuned model.", reason="")
    report = Report(
        run_id=RUN,
        status="SUCCEEDED",
        verdict=Verdict(sentence="Better."),
        ended_at="2026-11-23T08:50:00Z",
        folder="s3://artifacts/",
        next_steps=(step,),
    )
    said = what_to_look_at(report, Path("reports/demo"))
    assert "`reports/demo/index.html`" in said
    assert "Use the tuned model." in said
    assert "`tuner data check`" in said
    for section in ("What to do next", "Scores", "Questions", "Training", "Time and money"):
        assert section in said
