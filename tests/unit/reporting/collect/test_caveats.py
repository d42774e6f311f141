"""The caveats of the scores."""

import pytest

from tuner.artifacts.costs.cost_items import CostItemId
from tuner.artifacts.costs.estimate import CostItem, Estimate
from tuner.artifacts.dataset import DatasetProfile, DatasetSummary, SharedQuestions
from tuner.artifacts.evaluation.measure_scores import (
    Conclusion,
    EqualLength,
    JudgeScores,
    MeasureScores,
    SeveralJudges,
)
from tuner.artifacts.evaluation.metric_details import JudgeDetails, OneJudge, PreferenceDetails
from tuner.artifacts.evaluation.verdict import VerdictValue
from tuner.artifacts.report import Answer, Models, NamedModel, Question, Report
from tuner.datasets import Findings, Prepared, with_unused_files
from tuner.intake.unused_files import unused_files
from tuner.reporting import Failure, page
from tuner.reporting.collect.caveats import caveats, judge_caveats
from tuner.reporting.notify.notification import notification_text

MICRO = NamedModel(id="amazon.nova-micro-v1:0:128k", name="Nova Micro")


def judged(report: Report, *judges: NamedModel) -> str:
    models = Models(**{**dict(report.models), "base": MICRO})
    each = [OneJudge(model=judge.id or "", name=judge.name or "", stand_in=judge.stand_in) for judge in judges]
    details = JudgeDetails(**{**dict(each[0]), "each": tuple(each) if len(each) > 1 else ()})
    scoring = report.scoring.model_copy(update={"judge": details})
    return " ".join(judge_caveats(report.model_copy(update={"models": models, "scoring": scoring})))


@pytest.mark.parametrize("judge_id", ["amazon.nova-pro-v1:0", "us.amazon.nova-pro-v1:0"])
def test_a_judge_of_the_same_vendor_as_the_tuned_model_is_a_caveat(report: Report, judge_id: str) -> None:
    assert "The judge and the tuned model are from the same vendor (amazon)" in judged(
        report, NamedModel(id=judge_id, name="Nova Pro")
    )


@pytest.mark.parametrize(
    "judge",
    [
        NamedModel(id="us.anthropic.claude-sonnet-4-6", name="Claude Sonnet 4.6"),
        NamedModel(id="amazon.nova-pro-v1:0", name="similarity judge", stand_in=True),
    ],
)
def test_a_judge_of_another_vendor_and_a_stand_in_are_no_caveat(report: Report, judge: NamedModel) -> None:
    assert "same vendor" not in judged(report, judge)


def test_of_several_judges_the_one_of_the_same_vendor_is_named(report: Report) -> None:
    said = judged(report, NamedModel(id="us.anthropic.claude-sonnet-4-6"), NamedModel(id="us.amazon.nova-pro-v1:0"))
    assert "The judge Nova Pro and the tuned model are from the same vendor (amazon)" in said
    assert "Sonnet" not in said


@pytest.mark.parametrize(("longer_won", "said"), [(40, True), (0, False)])
def test_a_preference_that_length_could_explain_alone_is_a_caveat(report: Report, longer_won: int, said: bool) -> None:
    preference = PreferenceDetails(compared=40, decided=40, longer_won=longer_won)
    scoring = report.scoring.model_copy(update={"preference": preference})
    scores = {"preference": MeasureScores(difference=1.0)}
    found = judge_caveats(report.model_copy(update={"scores": scores, "scoring": scoring}))
    assert any("due to length cannot be estimated" in each for each in found) is said


def test_agreement_missing_judgments_and_contradictions_of_several_judges_are_caveats(report: Report) -> None:
    def by(model: str, value: VerdictValue) -> JudgeScores:
        return JudgeScores(model=model, name=model, conclusion=Conclusion(value=value, sentence=""))

    several = SeveralJudges(each=(by("one", "better"), by("two", "worse")), incomplete=3, n=16, alpha=0.4)
    scores = {**report.scores, "correctness": report.scores["correctness"].model_copy(update={"judges": several})}
    said = " ".join(judge_caveats(report.model_copy(update={"scores": scores})))
    assert "2 judges. Krippendorff's alpha of their judgments of 16 answers is 0.400: not reliable." in said
    assert "in 3 questions, a judge gave no usable judgment" in said
    assert "the judges contradict each other" in said
    shown = page(report.model_copy(update={"scores": scores}))
    assert "by each judge" in shown
    assert "by each judge" not in page(report)


EQUAL_LENGTH = EqualLength(
    n=8, difference=0.1, standard_error=0.2, interval=(-0.3, 0.5), p=0.6, slope=0.4, mean_longer=52.4,
    extrapolated=False,
)  # fmt: skip


def said_of_length(report: Report, raw: VerdictValue, **changed: object) -> str:
    equal = EQUAL_LENGTH.model_copy(update=changed)
    conclusion = Conclusion(value=raw, sentence="")
    measure = MeasureScores(difference=0.7, conclusion=conclusion, equal_length=equal)
    return " ".join(judge_caveats(report.model_copy(update={"scores": {"preference": measure}})))


def test_a_preference_that_differs_at_equal_length_is_a_caveat(report: Report) -> None:
    said = said_of_length(report, "better")
    assert "longer by 52 characters on average" in said
    assert "+0.100 (95 % interval −0.300 to +0.500) instead of +0.700: undecided." in said
    assert "may be the reason for it, or the adjusted interval is only wider" in said
    assert "explains" not in said
    assert "may hide a preference" in said_of_length(report, "undecided", interval=(0.05, 0.5))
    assert "may be the reason for it. Judges" in said_of_length(report, "worse", interval=(0.05, 0.5))
    assert "Judges tend" not in said_of_length(report, "better", interval=(0.05, 0.5))


def test_a_guess_about_equal_length_explains_nothing(report: Report) -> None:
    said = said_of_length(report, "better", extrapolated=True)
    assert "only a guess" in said
    assert "may be the reason" not in said


def test_answers_of_the_same_length_are_not_called_shorter(report: Report) -> None:
    assert "answers are as long as the base model's on average" in said_of_length(report, "better", mean_longer=-0.23)
    assert "answers are shorter by 1 character on average" in said_of_length(report, "better", mean_longer=-1.2)


def test_a_judge_outside_the_catalog_is_a_caveat(report: Report) -> None:
    assert "does not list the judge mistral.new" in judged(report, NamedModel(id="mistral.new", name="mistral.new"))


def test_the_estimates_warnings_are_in_the_report_and_in_the_notification(report: Report) -> None:
    warned = report.model_copy(
        update={
            "estimate": Estimate(
                items=(), total_usd=0, budget_usd=500, warnings=("Nova Micro is LEGACY: AWS ends it on 2099-01-01.",)
            )
        }
    )
    assert "Nova Micro is LEGACY: AWS ends it on 2099-01-01." in caveats(warned)
    assert "Nova Micro is LEGACY" in notification_text(warned)


def test_evaluation_questions_in_the_validation_data_are_counted_and_named(report: Report) -> None:
    assert report.dataset_summary
    shared = SharedQuestions(count=1, of=8, questions=("What is <b>it</b>?",))
    summary = report.dataset_summary.model_copy(update={"study": DatasetProfile(shared_with_validation=shared)})
    warned = report.model_copy(update={"dataset_summary": summary})
    assert shared.sentence in caveats(warned)
    assert "1 of 8 evaluation questions is in the validation data too" in notification_text(warned)
    shown = page(warned)
    assert "1 of 8 evaluation questions is in the validation data too" in shown
    assert "What is &lt;b&gt;it&lt;/b&gt;?" in shown


def test_files_that_were_not_used_are_in_the_report_and_in_every_notification(report: Report) -> None:
    findings = with_unused_files(
        Prepared(DatasetSummary(training_records=1, validation_records=1), Findings()),
        unused_files(["training.jsonl", "scorer.py", *(f"docs/{n}.md" for n in range(7))]),
    ).findings
    found = report.model_copy(update={"findings": findings.artifact()})
    said = [text for text in caveats(found) if text not in caveats(report)]
    assert said[0] == "docs/0.md is not used, because of its name. Rename docs/0.md to documents/0.md."
    assert said[5:] == ["3 more files of the dataset's folder were not used."]
    assert "docs/0.md is not used, because of its name." in page(found)
    failed = found.model_copy(update={"failure": Failure(error="DatasetError", message="No."), "status": "FAILED"})
    for each in (found, failed):
        assert "docs/0.md is not used, because of its name." in notification_text(each)


def test_the_page_shows_the_source_of_each_price(report: Report) -> None:
    source = "AWS Price List API, USE1-NovaMicro-Customization-Training, in force since 2026-08-01; read 2026-11-28"
    item = CostItem(
        id=CostItemId.TRAINING, name="Training", quantity=1, unit="tokens", unit_price_usd=1e-6, usd=1e-6, source=source
    )
    estimate = Estimate(items=(item,), total_usd=1e-6, budget_usd=500)
    assert source in page(report.model_copy(update={"estimate": estimate, "bill": None}))


@pytest.mark.parametrize(
    ("batched", "said"),
    [
        ((True, True), ["The latency of the base model in a batch job is not known."]),
        (
            (True, False),
            ["The latency of the base model", "did not give 1 of 2 answers: these were asked for by calls"],
        ),
        ((False, False), ["did not give 2 of 2 answers"]),
    ],
)
def test_what_a_batch_job_did_not_answer_is_a_caveat(
    report: Report, batched: tuple[bool, ...], said: list[str]
) -> None:
    item = CostItem(id=CostItemId.BATCH_INPUT, name="n", contestant="base")
    asked = tuple(
        Question(id=str(n), question="q", base=Answer(answer="a", batch=each)) for n, each in enumerate(batched)
    )
    estimate = Estimate(items=(item,), total_usd=0, budget_usd=1)
    found = [
        each
        for each in caveats(report.model_copy(update={"estimate": estimate, "questions": asked}))
        if "batch job" in each
    ]
    assert len(found) == len(said)
    assert all(part in each for part, each in zip(said, found, strict=True))


@pytest.mark.parametrize(
    ("in_batch", "said"),
    [(8, []), (5, ["The batch job of the judge J did not give 3 of 8 judgments", "batch/judges/1/job.json"])],
)
def test_how_a_judge_was_asked_and_what_its_batch_job_did_not_give_are_said(
    report: Report, in_batch: int, said: list[str]
) -> None:
    judge = JudgeDetails(model="j", name="J", asked=8, as_text=True, in_batch=in_batch)
    item = CostItem(id=CostItemId.JUDGE_BATCH_INPUT, name="n")
    in_a_job = report.model_copy(
        update={
            "estimate": Estimate(items=(item,), total_usd=0, budget_usd=1),
            "scoring": report.scoring.model_copy(update={"judge": judge}),
        }
    )
    found = " ".join(judge_caveats(in_a_job))
    assert "The judge J was asked for JSON as text instead of by a tool call" in found
    assert all(part in found for part in said)
    assert ("batch job of" in found) is bool(said)
