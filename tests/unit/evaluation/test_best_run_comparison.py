"""The dataset's best earlier run: which one it is, how it is compared, and what the gate decides by it."""

from math import log
from typing import Any

import pytest

from tests.doubles import manifest
from tests.unit.evaluation.test_run_comparison import run as scored
from tests.unit.reporting.conftest import Bucket
from tuner.artifacts.dataset import EvaluationQuestion
from tuner.artifacts.evaluation.answers import Answer
from tuner.artifacts.evaluation.gate import GateResult
from tuner.artifacts.evaluation.measure_scores import Compared
from tuner.artifacts.evaluation.scores import PreviousBest, SetReuse
from tuner.artifacts.evaluation.verdict import Verdict
from tuner.artifacts.report.run_summary import RunSummary, questions_digest
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.errors import SettingsError
from tuner.evaluation.best_run_comparison import previous_best, with_earlier_runs
from tuner.evaluation.earlier_runs import best_answers, copy_best_answers
from tuner.evaluation.gate.rules import GateComparisons, decide_gate
from tuner.settings import GateRule, RunSettings, load

KEYS = [f"q{i}" for i in range(8)]
RUN = "faq-aaaaaaaaaaaa"


def questions(keys: list[str]) -> list[EvaluationQuestion]:
    return [EvaluationQuestion(id=key, question="?", reference="!") for key in keys]


def put(
    folder: RunFolder, run_id: str, score: int, judge: str = "Nova Pro", keys: list[str] = KEYS, **card: Any
) -> None:
    """A run that ended, with the same score for every question's tuned answer."""
    there, scores = folder.sibling(run_id), scored(dict.fromkeys(keys, score), judge)
    there.save(scores)
    there.save_records(Keys.EVALUATION, questions(keys))
    means = {name: {"label": name, "better": "higher", "base": 5, "tuned": score} for name in scores.metrics}
    members: dict[str, Any] = {
        "run_id": run_id, "dataset": "faq", "status": "SUCCEEDED", "started_at": None,
        "ended_at": "2026-11-20T08:00:00Z", "verdict": scores.verdict.model_dump(), "base_model": None, "stand_ins": (),
        "questions": len(keys), "questions_digest": questions_digest(keys), "scores": means,
    }  # fmt: skip
    there.write(Keys.REPORT_CARD, RunSummary.model_validate(members | card).model_dump_json().encode())


@pytest.fixture
def folder() -> RunFolder:
    made = RunFolder("artifacts", RUN, Bucket())
    made.save_records(Keys.EVALUATION, questions(KEYS))
    made.save(manifest())
    return made


NOW = scored(dict.fromkeys(KEYS, 7))


def test_the_run_with_the_best_mean_is_compared_question_by_question(folder: RunFolder) -> None:
    for at, score in enumerate((4, 9, 6)):
        put(folder, f"faq-{at:012x}", score)
    found = previous_best(folder, NOW)
    assert found
    assert found.run_id == "faq-000000000001"
    metric = found.metrics["correctness"]
    assert (metric.base.mean, metric.difference, metric.comparison.interval) == (9, -2, (-2, -2))
    assert metric.conclusion is not None
    assert metric.conclusion.value == "worse"
    assert "preference" not in found.metrics


@pytest.mark.parametrize(
    "other",
    [
        {"keys": KEYS[:-1]},
        {"keys": [*KEYS, "q8"]},
        {"judge": "Claude"},
        {"status": "FAILED"},
        {"scores": {}},
    ],
    ids=["fewer questions", "more questions", "another judge", "failed", "without the measure"],
)
def test_a_run_that_cannot_be_compared_is_skipped(folder: RunFolder, other: dict[str, Any]) -> None:
    put(folder, "faq-bbbbbbbbbbbb", 9, **other)
    assert previous_best(folder, NOW) is None
    put(folder, "faq-cccccccccccc", 3)
    found = previous_best(folder, NOW)
    assert found
    assert found.run_id == "faq-cccccccccccc"


def test_a_run_with_unreadable_scores_is_skipped(folder: RunFolder) -> None:
    put(folder, "faq-bbbbbbbbbbbb", 9)
    put(folder, "faq-cccccccccccc", 3)
    folder.sibling("faq-bbbbbbbbbbbb").write(Keys.SCORES, b'{"verdict": 1}')
    found = previous_best(folder, NOW)
    assert found
    assert found.run_id == "faq-cccccccccccc"


def test_other_datasets_and_the_run_itself_do_not_compare(folder: RunFolder) -> None:
    put(folder, "other-bbbbbbbbbbbb", 9)
    put(folder, "faq-more-bbbbbbbbbbbb", 9, dataset="faq-more")
    put(folder, "faq-bbbbbbbbbbbb", 9, dataset="FAQ")
    put(folder, "faq-cccccccccccc", 9, dataset=None)
    put(folder, RUN, 9)
    assert previous_best(folder, NOW) is None


def test_a_run_that_people_score_later_is_not_compared_with_later_runs(folder: RunFolder) -> None:
    put(folder, RUN, 7, ended_at="2026-11-21T08:00:00Z")
    put(folder, "faq-bbbbbbbbbbbb", 9, ended_at="2026-11-22T08:00:00Z")
    assert previous_best(folder, NOW) is None


def test_a_run_without_measures_has_no_previous_best(folder: RunFolder) -> None:
    put(folder, "faq-bbbbbbbbbbbb", 9)
    assert previous_best(folder, NOW.model_copy(update={"metrics": {}})) is None


def decided(earlier: PreviousBest | None, **rule: str) -> GateResult:
    found = decide_gate({"correctness": GateRule.model_validate(rule)}, GateComparisons(NOW.metrics, earlier))
    assert found
    return found


@pytest.mark.parametrize(("score", "decision"), [(4, "accepted"), (9, "rejected"), (7, "undecided")])
def test_better_than_best_is_decided_by_the_earlier_run(folder: RunFolder, score: int, decision: str) -> None:
    put(folder, "faq-bbbbbbbbbbbb", score)
    found = decided(previous_best(folder, NOW), better_than="best")
    assert found.decision == decision
    assert "than the best earlier run (faq-bbbbbbbbbbbb" in found.sentence
    numbers = found.rules[0].numbers
    assert (numbers.compared_with, numbers.other, numbers.tuned) == ("faq-bbbbbbbbbbbb", score, 7)


def test_without_an_earlier_run_the_base_model_is_the_best_and_the_gate_says_so() -> None:
    found = decided(None, better_than="best")
    assert found.decision == "accepted"
    assert found.sentence == "Accepted: correctness is better than base (there is no earlier run to compare with)."
    assert found.rules[0].numbers.compared_with == "base"


def test_a_measure_that_the_earlier_run_lacks_is_undecided(folder: RunFolder) -> None:
    put(folder, "faq-bbbbbbbbbbbb", 4)
    earlier = previous_best(folder, NOW)
    assert earlier
    without = earlier.model_copy(update={"metrics": {}})
    found = decided(without, not_worse_than="best")
    assert found.decision == "undecided"
    assert "could not be compared with the best earlier run" in found.sentence


def test_a_preference_cannot_be_compared_with_the_best_earlier_run() -> None:
    with pytest.raises(SettingsError, match="preference compares with base only"):
        load(RunSettings, {"gate": {"preference": {"better_than": "best"}}}, "run.yaml")


def test_the_best_of_several_runs_is_marked_as_chosen(folder: RunFolder) -> None:
    put(folder, "faq-000000000001", 6)
    alone = previous_best(folder, NOW)
    assert alone is not None
    assert (alone.chosen_of, alone.selection) == (1, "")
    put(folder, "faq-000000000002", 9)
    found = previous_best(folder, NOW)
    assert found is not None
    assert found.chosen_of == 2
    gate = {"correctness": GateRule(not_worse_than="best")}
    decided = decide_gate(gate, GateComparisons(NOW.metrics, found))
    assert decided is not None
    assert "faq-000000000002, chosen as the best of 2 by these questions, so its score is" in decided.sentence


def test_earlier_decisions_by_the_same_questions_are_counted(folder: RunFolder) -> None:
    assert "reuse" not in with_earlier_runs(folder, NOW).to_document()
    for at, gate in enumerate(("accepted", "none", None)):
        put(folder, f"faq-{at:012x}", 5, gate=gate)
    put(folder, "faq-000000000009", 5, verdict=Verdict(value=None, metric=None, sentence="No verdict.").model_dump())
    put(folder, "faq-00000000000a", 5, keys=KEYS[:-1], gate="accepted")
    put(folder, "faq-00000000000b", 5, status="FAILED", gate="accepted")
    put(folder, "faq-00000000000c", 5, dataset="other", gate="accepted")
    scores = with_earlier_runs(folder, NOW)
    assert scores.reuse is not None
    assert scores.reuse.earlier_decisions == 3
    assert scores.reuse.sentence == (
        "The same questions decided 3 earlier runs of this dataset; this is decision 4. If no model was better than "
        "the base model, one of 4 would be called better by luck in up to 10 of 100 cases. Use new questions after 6 "
        "decisions."
    )


@pytest.mark.parametrize(("earlier", "overused"), [(1, False), (5, False), (6, True), (30, True)])
def test_a_set_was_used_too_often_when_the_luckiest_of_equal_models_would_pass(earlier: int, overused: bool) -> None:
    reuse = SetReuse(earlier_decisions=earlier)
    assert reuse.is_overused == overused == ((2 * log(reuse.decisions)) ** 0.5 > 1.96)
    assert ("used too often" in reuse.sentence) == overused


def answered(folder: RunFolder, run_id: str, keys: list[str] = KEYS) -> None:
    """The tuned model of an earlier run said whose answer it is; one question failed."""
    answers = [Answer(id=key, answer=None if key == "q3" else run_id, output_tokens=7) for key in keys]
    folder.sibling(run_id).save_records(Keys.answers("tuned", 0), answers)


def test_the_answers_of_the_best_earlier_run_are_copied_for_the_contestant_best(folder: RunFolder) -> None:
    folder.save(manifest(compare_with=["best"]))
    for run_id, score in ((f"faq-{0:012x}", 4), (f"faq-{1:012x}", 9), (f"faq-{2:012x}", 6)):
        put(folder, run_id, score)
        answered(folder, run_id)
    assert copy_best_answers(folder, (0, 1, 2), 3) == (7, 1)
    copied = folder.answers("best")
    assert [answer.id for answer in copied] == KEYS
    assert {answer.answer for answer in copied} == {"faq-000000000001", None}
    found = best_answers(folder)
    assert found
    assert found.sentence.startswith("compare_with: best: the answers are those of the tuned model of faq-000000000001")
    assert "the best of 3 by these questions, so its score is probably too high" in found.sentence


@pytest.mark.parametrize(
    "other",
    [
        {"keys": KEYS[:-1]},
        {"status": "FAILED"},
        {"dataset": "faq-old"},
        {"ended_at": "2099-01-01T00:00:00Z"},
        {"scores": {}},
    ],
    ids=str,
)
def test_a_run_that_cannot_be_compared_is_not_the_best(folder: RunFolder, other: dict[str, Any]) -> None:
    put(folder, f"faq-{1:012x}", 9, **other)
    answered(folder, f"faq-{1:012x}")
    assert best_answers(folder) is None
    assert copy_best_answers(folder, (0,), 25) == (0, 0)
    assert folder.list("answers/best/") == []


@pytest.mark.parametrize(("ended_at", "found"), [("2026-11-23T08:00:00Z", True), ("2026-11-23T08:00:01Z", False)])
def test_a_run_that_ended_in_the_second_of_the_start_was_earlier(folder: RunFolder, ended_at: str, found: bool) -> None:
    # Step Functions' start has milliseconds, a run's end has none. The queue starts a run as soon as another ends.
    folder.save(manifest(compare_with=["best"]).model_copy(update={"started_at": "2026-11-23T08:00:00.120Z"}))
    put(folder, f"faq-{1:012x}", 9, ended_at=ended_at)
    answered(folder, f"faq-{1:012x}")
    assert (best_answers(folder) is not None) == found


def test_a_better_run_without_all_answers_is_passed_over(folder: RunFolder) -> None:
    put(folder, f"faq-{1:012x}", 9)
    answered(folder, f"faq-{1:012x}", KEYS[:4])
    put(folder, f"faq-{2:012x}", 5)
    answered(folder, f"faq-{2:012x}")
    found = best_answers(folder)
    assert found
    assert found.run_id == f"faq-{2:012x}"


def test_a_run_that_was_asked_less_often_is_passed_over(folder: RunFolder) -> None:
    folder.save(manifest(compare_with=["best"], inference={"temperature": 0.5}, evaluation={"samples": 2}))
    put(folder, f"faq-{1:012x}", 9)
    answered(folder, f"faq-{1:012x}")
    assert best_answers(folder) is None
    twice = [Answer(id=key, answer=str(number), sample=number) for key in KEYS for number in range(3)]
    folder.sibling(f"faq-{1:012x}").save_records(Keys.answers("tuned", 0), twice)
    assert copy_best_answers(folder, (0, 1), 4) == (16, 0)
    assert {answer.answer for answer in folder.answers("best")} == {"0", "1"}


def test_a_gate_compares_with_the_contestant_best_where_the_run_has_one() -> None:
    compared = {"best": Compared(difference=3.0, comparison=NOW.metrics["correctness"].comparison)}
    measure = NOW.metrics["correctness"].model_copy(update={"compared": compared})
    comparisons = GateComparisons({"correctness": measure}, None)
    assert comparisons.measures("best")["correctness"].difference == 3
    assert GateComparisons(NOW.metrics, None).measures("best") == NOW.metrics
