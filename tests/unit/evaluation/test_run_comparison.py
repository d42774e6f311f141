"""Two runs are compared on the questions that both asked, by scores on the same scale."""

import pytest

from tests.unit.evaluation.conftest import graded_records
from tuner.artifacts.evaluation.measure_scores import MeasureScores
from tuner.artifacts.evaluation.metric_details import MetricFacts
from tuner.artifacts.evaluation.scores import Scores
from tuner.core.errors import EvaluationError
from tuner.evaluation.grading.grades import Graded
from tuner.evaluation.run_comparison import compare_runs, corrected
from tuner.evaluation.scores import summarize


def run(scores: dict[str, int | None], judge: str = "Nova Pro", **facts: bool) -> Scores:
    def values(score: int | None) -> dict:
        return {"failed": True, "correctness": None} if score is None else {"correctness": score, "rouge_l": score / 10}

    records = graded_records(
        *(
            {"id": key, "base": values(5), "tuned": {**values(score), "preference": 1.0}}
            for key, score in scores.items()
        )
    )
    about = {"correctness": MetricFacts(model="m", name=judge, **facts)}
    return summarize(Graded(records, about, {"correctness": {"asked": 1, "missing": 0, "stand_in": 0}}))


KEYS = [f"q{i}" for i in range(8)]


def test_the_later_run_is_compared_with_the_earlier_one() -> None:
    found = compare_runs(run(dict.fromkeys(KEYS, 4)), run(dict.fromkeys(KEYS, 7)), ("run-a", "run-b"))
    assert found.verdict.sentence.startswith("The tuned model of run-b is better than the tuned model of run-a: +3")
    assert found.metrics["correctness"].difference == 3
    assert "preference" not in found.metrics
    assert found.warnings == ()


def test_other_contestants_of_the_runs_can_be_compared() -> None:
    found = compare_runs(
        run(dict.fromkeys(KEYS, 4)), run(dict.fromkeys(KEYS, 7)), ("a", "b"), contestants=("tuned", "base")
    )
    assert found.metrics["correctness"].difference == 1
    assert found.verdict.sentence.startswith("The base model of b is better than the tuned model of a: +1")


def repeated(scores: Scores, times: int) -> Scores:
    """The scores as if each question had been asked so often, with answers as good as the one."""
    records = [
        record.model_copy(
            update={
                "by_contestant": {
                    name: answer.model_copy(update={"repeats": (answer,) * times})
                    for name, answer in record.by_contestant.items()
                }
            }
        )
        for record in scores.questions
    ]
    return scores.model_copy(update={"questions": tuple(records)})


@pytest.mark.parametrize(("before", "after"), [(2, 0), (0, 2), (3, 2)])
def test_runs_that_asked_their_questions_differently_often_are_compared(before: int, after: int) -> None:
    runs = [run(dict.fromkeys(KEYS, score)) for score in (4, 7)]
    found = compare_runs(repeated(runs[0], before), repeated(runs[1], after), ("a", "b"))
    assert found.metrics["correctness"].difference == 3
    assert {len(record.single_answers) for record in found.questions} == {min(before or 1, after or 1)}


def test_several_comparisons_are_corrected_for_their_number() -> None:
    keys = [f"q{i}" for i in range(20)]
    earlier = run(dict.fromkeys(keys, 5))
    small = run({key: 5 + (i % 4 == 0) - (i == 1) for i, key in enumerate(keys)})
    clear = run({key: 8 + i % 2 for i, key in enumerate(keys)})
    made = [compare_runs(earlier, each, ("a", "b")) for each in (small, small, clear)]
    assert corrected(made[:1]) == (made[0],)
    found = corrected(made)
    p = made[0].metrics["correctness"].comparison.p
    assert p and p < 0.2
    assert found[0].metrics["correctness"].comparison.p_corrected == pytest.approx(2 * p)
    assert found[2].verdict == made[2].verdict
    assert found[2].verdict.value == "better"
    lucky = made[0].model_copy(
        update={"verdict": made[2].verdict, "metrics": {**made[0].metrics, "correctness": close_call()}}
    )
    one, *_ = corrected([lucky, *made[:2]])
    assert one.verdict.value == "undecided"
    assert "among 3 comparisons, chance alone can make a difference this large" in one.verdict.sentence


def close_call() -> MeasureScores:
    """A difference that is one alone, and none among three."""
    made = compare_runs(run(dict.fromkeys(KEYS, 5)), run(dict.fromkeys(KEYS, 8)), ("a", "b")).metrics["correctness"]
    return made.model_copy(update={"comparison": made.comparison.model_copy(update={"p": 0.04})})


def test_only_shared_questions_count_and_failures_count_as_worst() -> None:
    earlier = run({**dict.fromkeys(KEYS, 6), "only-a": 10})
    later = run({**dict.fromkeys(KEYS, 6), "q0": None})
    found = compare_runs(earlier, later, ("a", "b"))
    assert found.metrics["correctness"].comparison.n == 8
    assert found.metrics["correctness"].difference == pytest.approx(-5 / 8)
    assert found.warnings == ("Compared on the 8 questions that both runs asked; 1 left out.",)


def test_scores_by_another_judge_are_left_out() -> None:
    found = compare_runs(run(dict.fromkeys(KEYS, 4)), run(dict.fromkeys(KEYS, 7), "Claude"), ("a", "b"))
    assert set(found.metrics) == {"rouge_l"}
    assert "a used Nova Pro, b used Claude" in found.warnings[0]


def test_scores_of_a_judge_that_was_asked_in_another_way_are_left_out() -> None:
    """A batch job asks for JSON as text, a call asks by a tool: nothing shows that the grades are the same."""
    by_call, in_batch = run(dict.fromkeys(KEYS, 4)), run(dict.fromkeys(KEYS, 7), as_text=True)
    found = compare_runs(by_call, in_batch, ("a", "b"))
    assert set(found.metrics) == {"rouge_l"}
    assert "a used Nova Pro, b used Nova Pro (asked for JSON as text)" in found.warnings[0]
    assert "correctness" in compare_runs(in_batch, in_batch, ("b", "c")).metrics


def test_runs_without_a_shared_question_are_refused() -> None:
    with pytest.raises(EvaluationError, match="share no evaluation question"):
        compare_runs(run({"x": 1}), run({"y": 1}), ("a", "b"))
