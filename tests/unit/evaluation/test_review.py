"""What goes to people, how it comes back, and what it changes."""

import csv
import io
import json

import pytest

from tests.unit.evaluation.conftest import make_question
from tuner.core.errors import EvaluationError
from tuner.evaluation.judging.human_scores import with_people
from tuner.evaluation.judging.review import Candidate, candidates, human_scores, order, sheet, vocabulary
from tuner.evaluation.samples import Exam
from tuner.evaluation.scores import Graded, summarize

PLAIN = "Forty-two."


def exam(tuned: str = PLAIN, base: str | None = PLAIN, key: str = "a") -> Exam:
    return Exam((make_question(key, base, tuned),))


def reasons(
    tuned: str, base_values: dict | None = None, tuned_values: dict | None = None, known: set | None = None
) -> str:
    scores = {"questions": [{"id": "a", "base": base_values or {}, "tuned": tuned_values or {}}]}
    return " | ".join(reason for found in candidates(exam(tuned), scores, known) for reason in found.reasons)


def test_an_answer_that_nothing_speaks_against_is_left_alone() -> None:
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
def test_names_and_numbers_from_nowhere_are_shown(answer: str, foreign: str) -> None:
    assert foreign in reasons(answer, known=set())
    assert reasons(answer, known=vocabulary([f"The training data speaks of {foreign}."])) == ""
    assert f"names what the reference does not: {foreign}" in reasons(answer, known=None)


def test_the_first_word_of_a_sentence_is_no_name() -> None:
    assert reasons("Certainly it is so. However, others differ.", known=set()) == ""


def test_disagreement_of_judge_and_texts_is_shown_and_agreement_is_not() -> None:
    base = {"correctness": 4, "bertscore_f1": 0.8, "rouge_l": 0.5}
    better = {"correctness": 8, "bertscore_f1": 0.7, "rouge_l": 0.4}
    assert "prefer different answers" in reasons(PLAIN, base, better)
    assert reasons(PLAIN, base, {**better, "rouge_l": 0.6}) == ""
    assert reasons(PLAIN, base, {**better, "correctness": 4}) == ""


def test_a_judge_that_is_unsure_or_useless_is_shown() -> None:
    assert "unsure" in reasons(PLAIN, {"reasoning": "I am not sure about the date."})
    assert "no usable verdict" in reasons(PLAIN, {"correctness": None, "problem": "score must be a whole number"})


def test_the_sheet_is_blind_and_no_cell_is_a_formula() -> None:
    hostile = '=HYPERLINK("http://x")'
    keys = [f"q{i}" for i in range(40)]
    questions = Exam(tuple(make_question(key, "BASE", hostile) for key in keys))
    rows = list(csv.DictReader(io.StringIO(sheet(questions, [Candidate(key, ("why",)) for key in keys]))))
    assert [row["id"] for row in rows] == keys
    assert not any("base" in name or "tuned" in name for name in rows[0])
    assert {row["answer_1"] for row in rows} == {"BASE", "'" + hostile}
    assert 8 <= sum(row["answer_1"] == "BASE" for row in rows) <= 32


def filled(scores: dict[str, tuple[str, str]]) -> str:
    questions = Exam(tuple(make_question(key, "BASE", "TUNED") for key in scores))
    rows = list(csv.reader(io.StringIO(sheet(questions, [Candidate(key, ("why",)) for key in scores]))))
    for row in rows[1:]:
        row[6:8] = scores[row[0].removeprefix("'")]
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return "\ufeff" + text.getvalue()


def test_scores_find_their_way_back_to_the_models() -> None:
    text = filled({"a": ("3", "9"), "b": ("", ""), "=c": ("", "7")})
    found = human_scores(text, {"a", "b", "=c"})
    assert found["a"] == dict(zip(order("a"), (3, 9), strict=True))
    assert found["=c"] == {order("=c")[1]: 7}
    assert "b" not in found


@pytest.mark.parametrize("bad", ["0", "11", "8/10", "7.5", "good", "-3", "\u00b2"])
def test_a_score_that_is_none_is_refused_with_its_line(bad: str) -> None:
    with pytest.raises(EvaluationError, match=r"review\.csv, line 2: a score is a whole number from 1 to 10"):
        human_scores(filled({"a": (bad, "")}), {"a"})


def test_a_sheet_that_nobody_filled_in_is_refused() -> None:
    with pytest.raises(EvaluationError, match="has no score yet"):
        human_scores(filled({"a": ("", "")}), {"a"})


def test_all_findings_come_at_once() -> None:
    with pytest.raises(EvaluationError) as caught:
        human_scores(filled({"a": ("0", ""), "z": ("5", "5")}), {"a"})
    assert len(str(caught.value).splitlines()) == 2
    assert "there is no question 'z'" in str(caught.value)
    with pytest.raises(EvaluationError, match="no column score_1, score_2"):
        human_scores("id,answer\na,b\n", {"a"})
    one = filled({"a": ("5", "5")})
    with pytest.raises(EvaluationError, match="stands here twice"):
        human_scores(one + one.splitlines()[1] + "\n", {"a"})


def judged(*scores: tuple[int | None, int | None]) -> dict:
    def values(score: int | None) -> dict:
        return {"failed": True, "correctness": None} if score is None else {"correctness": score}

    records = [{"id": f"q{i}", "base": values(a), "tuned": values(b)} for i, (a, b) in enumerate(scores)]
    about = {"correctness": {"model": "m", "name": "M"}}
    return summarize(Graded(tuple(records), about, {"correctness": {"asked": 4, "missing": 0, "stand_in": 0}}))


def test_people_have_the_last_word_and_the_label_says_so() -> None:
    before = judged(*[(5, 9)] * 6)
    assert before["verdict"]["value"] == "better"
    after = with_people(before, {f"q{i}": {"tuned": 2} for i in range(6)})
    assert after["verdict"]["value"] == "worse"
    assert after["metrics"]["correctness"]["label"] == "Correctness (6 of 12 scores by people)"
    assert after["questions"][0]["tuned"] == {"correctness": 2, "judge_correctness": 9, "human": True}
    assert after["questions"][0]["outcome"] == "loss"
    assert after["people"]["questions"] == 6
    assert after["people"]["judge_agreement"]["mean_difference"] == 7
    assert after["judge"] == before["judge"]
    json.dumps(after, allow_nan=False)
    assert with_people(after, {f"q{i}": {"tuned": 2} for i in range(6)}) == after


def test_an_answer_that_was_not_given_stays_failed() -> None:
    after = with_people(judged((5, None), (5, 5)), {"q0": {"tuned": 8, "base": 6}})
    assert after["questions"][0]["tuned"] == {"failed": True, "correctness": None}
    assert after["people"]["answers"] == 1
    assert after["metrics"]["correctness"]["tuned"]["failed"] == 1
