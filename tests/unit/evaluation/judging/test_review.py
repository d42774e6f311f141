"""Which questions people review, how their scores are read, and what they change."""

import csv
import io

import pytest

from tests.unit.evaluation.conftest import graded_records, make_sample
from tuner.artifacts.evaluation.metric_details import MetricFacts
from tuner.artifacts.evaluation.question_scores import AnswerScores
from tuner.artifacts.evaluation.scores import ReviewCandidate, Scores
from tuner.artifacts.evaluation.verdict import Verdict
from tuner.core.errors import EvaluationError
from tuner.evaluation.judging.human_scores import with_human_scores
from tuner.evaluation.judging.review import (
    answer_order,
    read_review,
    review_candidates,
    review_sheet,
    vocabulary,
)
from tuner.evaluation.samples import SampleSet
from tuner.evaluation.scores import Graded, summarize

PLAIN = "Forty-two."


def samples(tuned: str = PLAIN, base: str | None = PLAIN, key: str = "a") -> SampleSet:
    return SampleSet((make_sample(key, base, tuned),))


def reasons(
    tuned: str, base_values: dict | None = None, tuned_values: dict | None = None, known: set | None = None
) -> str:
    records = graded_records({"id": "a", "base": base_values or {}, "tuned": tuned_values or {}})
    scores = Scores(verdict=Verdict(sentence=""), questions=records)
    found = review_candidates(samples(tuned), scores, known)
    return " | ".join(reason for candidate in found for reason in candidate.reasons)


def test_an_answer_without_a_reason_is_not_reviewed() -> None:
    assert reasons(PLAIN, known=set()) == ""


@pytest.mark.parametrize(
    ("answer", "foreign"),
    [
        ("It was 1987, forty-two.", "1987"),
        ("You use DynamoDB for it.", "DynamoDB"),
        ("Ask the IAM team.", "IAM"),
        ("It is sold by Contoso today.", "Contoso"),
        ("It costs 3.50 a day.", "3.50"),
        ("Das sagte Élodie.", "Élodie"),
        ("Это сделал Достоевский.", "Достоевский"),
        ("それは１９８７年です。", "１９８７"),
    ],
)
def test_names_and_numbers_that_occur_nowhere_else_are_a_reason(answer: str, foreign: str) -> None:
    assert foreign in reasons(answer, known=set())
    assert reasons(answer, known=vocabulary([f"The training data speaks of {foreign}."])) == ""
    assert f"the answer names what is not in the reference: {foreign}" in reasons(answer, known=None)


def test_the_first_word_of_a_sentence_is_no_name() -> None:
    assert reasons("Certainly it is so. However, others differ.", known=set()) == ""


def test_disagreement_of_judge_and_text_metrics_is_a_reason() -> None:
    base = {"correctness": 4, "bertscore_f1": 0.8, "rouge_l": 0.5}
    better = {"correctness": 8, "bertscore_f1": 0.7, "rouge_l": 0.4}
    assert "prefer different answers" in reasons(PLAIN, base, better)
    assert reasons(PLAIN, base, {**better, "rouge_l": 0.6}) == ""
    assert reasons(PLAIN, base, {**better, "correctness": 4}) == ""


def test_an_unsure_judge_and_a_missing_grade_are_reasons() -> None:
    assert "unsure" in reasons(PLAIN, {"reasoning": "I am not sure about the date."})
    assert "no usable grade" in reasons(PLAIN, {"correctness": None, "problem": "score must be a whole number"})


def test_the_sheet_hides_the_models_and_has_no_formula() -> None:
    hostile = '=HYPERLINK("http://x")'
    keys = [f"q{i}" for i in range(40)]
    questions = SampleSet(tuple(make_sample(key, "BASE", hostile) for key in keys))
    rows = list(
        csv.DictReader(
            io.StringIO(review_sheet(questions, [ReviewCandidate(id=key, reasons=("why",)) for key in keys]))
        )
    )
    assert [row["id"] for row in rows] == keys
    assert not any("base" in name or "tuned" in name for name in rows[0])
    assert {row["answer_1"] for row in rows} == {"BASE", "'" + hostile}
    assert 8 <= sum(row["answer_1"] == "BASE" for row in rows) <= 32


def filled(scores: dict[str, tuple[str, str]]) -> str:
    questions = SampleSet(tuple(make_sample(key, "BASE", "TUNED") for key in scores))
    rows = list(
        csv.reader(io.StringIO(review_sheet(questions, [ReviewCandidate(id=key, reasons=("why",)) for key in scores])))
    )
    for row in rows[1:]:
        row[6:8] = scores[row[0].removeprefix("'")]
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return "\ufeff" + text.getvalue()


def test_scores_are_assigned_to_the_models() -> None:
    text = filled({"a": ("3", "9"), "b": ("", ""), "=c": ("", "7")})
    found = read_review(text, {"a", "b", "=c"})
    assert found["a"] == dict(zip(answer_order("a"), (3, 9), strict=True))
    assert found["=c"] == {answer_order("=c")[1]: 7}
    assert "b" not in found


@pytest.mark.parametrize("bad", ["0", "11", "8/10", "7.5", "good", "-3", "\u00b2"])
def test_an_invalid_score_is_refused_with_its_line(bad: str) -> None:
    with pytest.raises(EvaluationError, match=r"review\.csv, line 2: a score is a whole number from 1 to 10"):
        read_review(filled({"a": (bad, "")}), {"a"})


def test_a_sheet_without_scores_is_refused() -> None:
    with pytest.raises(EvaluationError, match="has no score yet"):
        read_review(filled({"a": ("", "")}), {"a"})


def test_all_findings_are_reported_together() -> None:
    with pytest.raises(EvaluationError) as caught:
        read_review(filled({"a": ("0", ""), "z": ("5", "5")}), {"a"})
    assert len(str(caught.value).splitlines()) == 2
    assert "there is no question 'z'" in str(caught.value)
    with pytest.raises(EvaluationError, match="no column score_1, score_2"):
        read_review("id,answer\na,b\n", {"a"})
    one = filled({"a": ("5", "5")})
    with pytest.raises(EvaluationError, match="is in the file twice"):
        read_review(one + one.splitlines()[1] + "\n", {"a"})


def judged(*scores: tuple[int | None, int | None]) -> Scores:
    def values(score: int | None) -> dict:
        return {"failed": True, "correctness": None} if score is None else {"correctness": score}

    records = graded_records(
        *({"id": f"q{i}", "base": values(a), "tuned": values(b)} for i, (a, b) in enumerate(scores))
    )
    about = {"correctness": MetricFacts(model="m", name="M")}
    return summarize(Graded(records, about, {"correctness": {"asked": 4, "missing": 0, "stand_in": 0}}))


def test_scores_by_people_replace_the_judges_and_the_label_says_so() -> None:
    before = judged(*[(5, 9)] * 6)
    assert before.verdict.value == "better"
    after = with_human_scores(before, {f"q{i}": {"tuned": 2} for i in range(6)})
    assert after.verdict.value == "worse"
    assert after.metrics["correctness"].label == "Correctness (6 of 12 scores by people)"
    assert after.questions[0].tuned == AnswerScores(measures={"correctness": 2}, judge_correctness=9, human=True)
    assert after.questions[0].outcome == "loss"
    assert after.people is not None
    assert after.people.questions == 6
    assert after.people.judge_agreement is not None
    assert after.people.judge_agreement.mean_difference == 7
    assert after.judge == before.judge
    assert Scores.model_validate_json(after.to_json()) == after
    assert with_human_scores(after, {f"q{i}": {"tuned": 2} for i in range(6)}) == after


def test_an_answer_that_was_not_given_stays_failed() -> None:
    after = with_human_scores(judged((5, None), (5, 5)), {"q0": {"tuned": 8, "base": 6}})
    assert after.questions[0].tuned == AnswerScores(failed=True, measures={"correctness": None})
    assert after.people is not None
    assert after.people.answers == 1
    assert after.metrics["correctness"].tuned.failed == 1
