"""What a report says to do next: one test per rule, on the report of a run that succeeded and on failed runs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import pytest

from tests.unit.reporting.compared import MEANS, compared
from tests.unit.reporting.conftest import AT, FolderOf
from tests.unit.reporting.sample import EARLIER, MODEL, RUN, guard_of
from tuner.artifacts.dataset import Coverage, DatasetFindings
from tuner.artifacts.evaluation.verdict import Verdict
from tuner.artifacts.report import Answer, Failure, NextStep, NextStepRule, Report
from tuner.artifacts.report.contestants import Recommendation
from tuner.artifacts.training import CandidateResult, Epoch
from tuner.reporting import build, notification_text, page
from tuner.reporting.advice.next_steps import open_report
from tuner.reporting.collect.build import advised


def steps(report: Report, **members: Any) -> dict[str, NextStep]:
    """The steps by their rules, of the report with other members."""
    found = advised(report.model_copy(update=members)).next_steps
    assert len({step.rule for step in found}) == len(found)
    return {step.rule: step for step in found}


def scored(report: Report, mean: float) -> Mapping[str, Any]:
    """The scores with another mean of the tuned model by the measure that decides."""
    measure = report.scores["correctness"]
    tuned = measure.tuned.model_copy(update={"mean": mean})
    changed = measure.model_copy(update={"by_contestant": {**measure.by_contestant, "tuned": tuned}})
    return {**report.scores, "correctness": changed}


def judged(report: Report, value: str, **members: Any) -> Verdict:
    return report.verdict.model_copy(update={"value": value, **members})


def failed(error: str, **members: Any) -> dict[str, Any]:
    return {
        "status": "FAILED",
        "failure": Failure(error=error, message="What is wrong.\nMore."),
        "scores": {},
    } | members


def test_every_rule_has_a_test() -> None:
    source = Path(__file__).read_text("utf-8")
    assert [rule for rule in get_args(NextStepRule) if source.count(f'"{rule}"') == 0] == []


def test_an_accepted_model_is_used(report: Report) -> None:
    first = report.next_steps[0]
    assert first.rule == "accept"
    assert first.action == "Use the tuned model. 'How to call the model' has the commands."
    assert first.reason.startswith("Accepted: ")


def test_what_was_lost_is_said_after_what_to_do_with_the_model(report: Report) -> None:
    assert "check-what-was-lost" not in steps(report, guard=guard_of(lost=False))
    found = steps(report, guard=guard_of(lost=True))
    assert list(found)[:2] == ["accept", "check-what-was-lost"]
    assert "lost general knowledge: it passed 0 of 14 questions, the base model 14." in (
        found["check-what-was-lost"].reason
    )


def test_a_better_model_is_used_and_a_gate_proposed_where_there_is_none(report: Report) -> None:
    found = steps(report, gate=None)
    assert next(iter(found)) == "accept"
    assert "gate: {correctness: {at_least: 6, better_than: base}}" in found["set-a-gate"].action
    assert "set-a-gate" not in steps(report)


def test_better_can_still_be_bad(report: Report) -> None:
    found = steps(report, gate=None, scores=scored(report, 3.25))
    assert next(iter(found)) == "improve-first"
    assert "accept" not in found
    assert found["improve-first"].reason == (
        "Ship none of them yet: even the best one, the tuned model, reaches only 3.25 Correctness (judge) on a scale "
        "from 1 to 10, where answers are mostly right from 6."
    )
    # A gate has the last word, and the reader learns it all the same.
    assert (
        "3.25 Correctness (judge) on a scale from 1 to 10"
        in steps(report, scores=scored(report, 3.25))["accept"].reason
    )


@pytest.mark.parametrize(("decision", "action"), [("rejected", "Do not use the model."), ("undecided", "not use")])
def test_a_model_that_the_gate_does_not_accept_is_not_used(report: Report, decision: str, action: str) -> None:
    found = steps(report, gate=report.gate.model_copy(update={"decision": decision}) if report.gate else None)
    assert next(iter(found)) == "keep-out"
    assert action in found["keep-out"].action
    assert "accept" not in found


def test_a_worse_model_is_left(report: Report) -> None:
    measure = report.scores["correctness"]
    sides = {**measure.by_contestant, "base": measure.base.model_copy(update={"mean": 8.0})}
    scores = {"correctness": measure.model_copy(update={"by_contestant": sides})}
    found = steps(report, gate=None, verdict=judged(report, "worse"), scores=scores)
    assert next(iter(found)) == "keep-the-base"
    assert "set-a-gate" not in found


def test_a_better_earlier_run_is_kept(report: Report) -> None:
    assert report.earlier is not None
    measure = report.earlier.metrics["correctness"]
    assert measure.conclusion is not None
    worse = measure.model_copy(update={"conclusion": measure.conclusion.model_copy(update={"value": "worse"})})
    earlier = report.earlier.model_copy(update={"metrics": {"correctness": worse}})
    assert EARLIER in steps(report, earlier=earlier)["keep-the-earlier"].action
    assert "keep-the-earlier" not in steps(report)


def test_an_undecided_verdict_asks_for_questions_if_they_would_decide(report: Report) -> None:
    found = steps(report, gate=None, verdict=judged(report, "undecided", more_questions=33))
    assert found["ask-more-questions"].action.startswith("Ask 33 more questions")
    assert "Add them once" in found["ask-more-questions"].reason
    never = steps(report, gate=None, verdict=judged(report, "undecided", more_questions=None))
    assert "more questions would not decide" in never["keep-the-base"].action
    undecided = judged(report, "undecided", more_questions=None)
    low = steps(report, gate=None, verdict=undecided, scores=scored(report, 3.0))
    assert "keep-the-base" not in low, "nobody is good enough, so the base model is not either"
    more = steps(report, gate=None, verdict=judged(report, "undecided", more_questions=33), scores=scored(report, 3.0))
    assert "ask-more-questions" not in more, "more questions do not make a model good enough"


def test_missing_answers_are_looked_into(report: Report) -> None:
    assert "no answer to 1 of 8 questions" in steps(report)["read-failed-answers"].reason
    assert "read-failed-answers" not in steps(report, questions=report.questions[:7])


def test_a_comparison_of_missing_answers_decides_nothing(report: Report) -> None:
    def empty(side: Answer | None) -> Answer | None:
        return side and side.model_copy(update={"answer": " "})

    silent = tuple(
        question.model_copy(update={"base": empty(question.base), "tuned": empty(question.tuned)})
        for question in report.questions
    )
    measure = report.scores["correctness"]
    sides = {name: side.model_copy(update={"failed": 8}) for name, side in measure.by_contestant.items()}
    found = steps(
        report,
        questions=silent,
        gate=None,
        verdict=judged(report, "undecided", more_questions=None),
        scores={"correctness": measure.model_copy(update={"by_contestant": sides})},
    )
    assert "keep-the-base" not in found
    assert found["read-failed-answers"].reason.startswith(
        "The base model gave no answer to 8 of 8 questions, the tuned model to 8."
    )


def test_overfitting_names_the_number_of_epochs(report: Report) -> None:
    said = "Train 3 epochs: set 'hyperparameters: {epochCount: 3}'"
    assert f"{said} in run.yaml" in steps(report)["train-fewer-epochs"].action
    assert report.training
    result = CandidateResult(number=1, base_model="m", hyperparameters={}, job_name="n", epochs_asked=5)
    several = report.training.model_copy(update={"candidates": (result,)})
    assert f"{said} of the candidates in run.yaml" in steps(report, training=several)["train-fewer-epochs"].action


def test_underfitting_asks_for_more_epochs(report: Report) -> None:
    epochs = tuple(Epoch(epoch=at, training_loss=3 - at, validation_loss=3 - at / 2) for at in (1, 2, 3))
    assert report.training is not None
    training = report.training.model_copy(update={"epochs": epochs})
    found = steps(report, training=training)
    assert "train-longer" in found
    assert "train-fewer-epochs" not in found
    assert "train-longer" not in steps(report, training=training.model_copy(update={"stopped_early": True}))


def test_subjects_with_few_records_are_collected_where_the_answer_is_not_good(report: Report) -> None:
    few = Coverage(subject=("agents", "memory"), records=1)
    lost = report.questions[5].model_copy(update={"coverage": few, "outcome": "loss"})
    won = report.questions[0].model_copy(update={"coverage": few, "outcome": "win"})
    assert "agents, memory" in steps(report, questions=(lost,))["collect-subjects"].action
    assert "collect-subjects" not in steps(report, questions=(won,))
    many = lost.model_copy(update={"coverage": few.model_copy(update={"records": 3})})
    assert "collect-subjects" not in steps(report, questions=(many,))


def test_warnings_of_the_dataset_come_with_the_command_that_shows_them(report: Report) -> None:
    step = steps(report)["fix-warnings"]
    assert "repeats training.jsonl, line 3" in step.reason
    assert step.commands == (f"tuner report {RUN}",)


def test_people_are_asked_until_they_have_answered(report: Report) -> None:
    found = steps(report)["ask-people"]
    assert found.commands == (f"tuner review export {RUN}", f"tuner review import {RUN} review.csv")
    assert "ask-people" not in steps(report, questions=())


def test_scores_of_stand_ins_decide_nothing(report: Report) -> None:
    base = report.models.base
    assert base is not None
    models = report.models.model_copy(update={"base": base.model_copy(update={"stand_in": True})})
    found = steps(report, stand_ins=("base model: SmolLM2",), models=models)
    assert "run-on-aws" in found
    # Commands can be pasted: on the local cloud, they need --local.
    assert all(command.endswith(" --local") for step in found.values() for command in step.commands)


def test_a_model_without_scores_is_evaluated_first(report: Report) -> None:
    found = steps(report, scores={}, gate=None, questions=())
    assert next(iter(found)) == "evaluate"


def test_throughput_that_may_still_exist_comes_first(report: Report) -> None:
    assert report.serving is not None
    serving = report.serving.model_copy(update={"released_at": None})
    found = steps(report, serving=serving)
    assert next(iter(found)) == "release"
    assert found["release"].commands == ("tuner throughput", f"tuner throughput release {serving.arn}")
    kept = serving.model_copy(update={"kept_until": "2026-11-23T20:00:00Z"})
    assert "release" not in steps(report, serving=kept)


@pytest.mark.parametrize(
    ("error", "rule", "command"),
    [
        ("DatasetError", "fix-dataset", f"tuner report {RUN}"),
        ("SettingsError", "fix-settings", f"tuner run {RUN} --again"),
        ("BudgetExceededError", "fix-settings", f"tuner run {RUN} --again"),
        ("ApprovalRejectedError", "approve", f"tuner run {RUN} --again"),
        ("ApprovalExpiredError", "approve", f"tuner run {RUN} --again"),
        ("QuotaError", "raise-quota", "tuner doctor"),
        ("States.Timeout", "look-up-failure", f"tuner show {RUN}"),
        ("CustomizationFailedError", "look-up-failure", f"tuner show {RUN}"),
    ],
)
def test_a_failed_run_begins_with_what_helps(report: Report, error: str, rule: str, command: str) -> None:
    first = next(iter(steps(report, **failed(error), gate=None).values()))
    assert (first.rule, first.commands[0], first.reason) == (rule, command, "What is wrong.")


def test_a_failed_training_is_corrected_or_repeated_and_is_not_said_to_be_used_again(report: Report) -> None:
    """Bedrock's message may name what is wrong, or only say that the service failed. No model was made."""
    step = steps(report, **failed("CustomizationFailedError"))["look-up-failure"]
    assert step.action == (
        "Correct the data or the setting that Bedrock's message names. If it names none, run the same content again: "
        "the training starts anew. If it fails again, ask AWS Support, with the name of the job."
    )
    assert step.commands == (f"tuner show {RUN}", f"tuner run {RUN} --again")
    other = steps(report, **failed("States.Timeout"))["look-up-failure"]
    assert "A finished training is used again" in other.action


def test_the_errors_of_a_dataset_are_counted(report: Report) -> None:
    findings = DatasetFindings(errors=2, warnings=0)
    assert steps(report, **failed("DatasetError", findings=findings))["fix-dataset"].action == (
        "Correct the 2 errors in the dataset and upload it again, which starts a run."
    )


@pytest.mark.parametrize("status", ["ABORTED", "TIMED_OUT"])
def test_a_run_that_was_stopped_is_repeated(report: Report, status: str) -> None:
    found = steps(report, **failed("Stopped", status=status), gate=None)
    assert next(iter(found)) == "start-again"
    assert found["start-again"].commands == (f"tuner run {RUN} --again",)
    assert "the training is not paid again" in found["start-again"].reason
    assert "No model was made" in steps(report, **failed("Stopped", status=status), training=None)["start-again"].reason


def test_page_and_message_show_every_step(report: Report) -> None:
    html, message = page(report), notification_text(report)
    for step in report.next_steps:
        assert step.action.replace("'", "&#39;") in html
        assert step.action.split(":")[0].split("'")[0] in message
        assert all(f"`{command}`" in message for command in step.commands)
        # The page does not tell how to open itself: it links to the findings.
        assert all((command in html) == (command != open_report(report)) for command in step.commands)
    assert '<a href="#dataset">All findings</a>' in html
    # Before the scores, the gate and the failure.
    assert html.index("What to do next") < html.index("<main")


def test_the_recommendation_is_said_once(report: Report) -> None:
    sentence = "Ship none of them yet."
    step = report.next_steps[0].model_copy(update={"reason": sentence})
    recommended = Recommendation(outcome="none", sentence=sentence)
    report = report.model_copy(update={"next_steps": (step,), "recommendation": recommended})
    assert page(report).count(sentence) == notification_text(report).count(sentence) == 1


def test_a_refused_run_has_a_step_on_its_page(folder_of: FolderOf) -> None:
    refused = build(folder_of({}), Failure(error="DatasetError", message="training.jsonl, line 1: bad."), at=AT)
    assert [step.rule for step in refused.next_steps] == ["fix-dataset"]
    assert refused.model_call is None
    html = page(refused)
    assert html.index("Correct the dataset and upload it again") < html.index('class="failure"')
    assert MODEL not in html


def of_compared(folder_of: FolderOf, **means: float) -> dict[str, NextStep]:
    """The steps of a run with five contestants."""
    return {step.rule: step for step in build(folder_of(compared({**MEANS, **means}))).next_steps}


@pytest.mark.slow
def test_what_the_recommendation_ships_is_used(folder_of: FolderOf) -> None:
    """The steps never contradict the recommendation: only one says which contestant to use."""
    of_use = {"accept", "prefer-contestant", "keep-the-base", "improve-first", "compare-costs"}
    for rule, means in (
        ("prefer-contestant", {}),
        ("accept", {"retrieval": 5.0, "retrieval_tuned": 5.0}),
        ("keep-the-base", {"base": 7.0}),
        ("improve-first", {"tuned": 5.0, "retrieval": 5.0, "retrieval_tuned": 5.0}),
    ):
        found = of_compared(folder_of, **means)
        assert of_use & set(found) == {rule}, means
    preferred = of_compared(folder_of)["prefer-contestant"]
    assert preferred.action == "Use the base model with passages instead of the tuned model."
    assert preferred.reason.endswith(
        "Build your prompts like those of the run: dataset/contexts/retrieval.jsonl has what they contained."
    )


def test_where_nobody_is_good_enough_the_best_one_is_improved(folder_of: FolderOf) -> None:
    low = {"tuned": 3.0, "retrieval_tuned": 3.0}
    by_passages = of_compared(folder_of, **low, few_shot=3.0, retrieval=5.0)["improve-first"].action
    assert by_passages.startswith("Do not use the tuned model: the base model with passages is better, but not good")
    assert "improve the documents or raise 'retrieval.passages'" in by_passages
    by_examples = of_compared(folder_of, **low, few_shot=5.0, retrieval=3.0)["improve-first"].action
    assert "raise 'few_shot.examples'" in by_examples
    base = of_compared(folder_of, **low, base=5.0, few_shot=3.0, retrieval=3.0)["improve-first"].action
    assert base.endswith("To improve it, choose a larger base model.")
    tuned = of_compared(folder_of, **low, base=1.0, few_shot=1.0, retrieval=1.0)["improve-first"].action
    assert tuned == "Do not use the model yet: improve the training data, and tune again."


def test_a_cheaper_contestant_that_may_be_good_enough_is_a_reason_to_decide_by_the_costs(folder_of: FolderOf) -> None:
    made = build(folder_of(compared(noise=1.5)))
    found = {step.rule: step for step in made.next_steps}
    assert made.recommendation
    assert found["compare-costs"].reason == made.recommendation.sentence
    assert "accept" not in found
