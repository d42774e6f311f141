"""Which questions people review, and how their scores are read."""

import csv
import io
from pathlib import Path

import pytest

from tests.unit.evaluation.conftest import graded_records, make_item
from tuner.artifacts.evaluation.people import UNNAMED, people_scores_json, read_people_scores
from tuner.artifacts.evaluation.scores import ReviewCandidate, Scores
from tuner.artifacts.evaluation.verdict import Verdict
from tuner.core.errors import EvaluationError
from tuner.datasets.reading.budget import MAX_RECORD_BYTES
from tuner.evaluation.answer_files import read_sheet
from tuner.evaluation.grading.graded_items import GradedItemSet
from tuner.evaluation.review.flagged_questions import review_candidates, vocabulary
from tuner.evaluation.review.sampling import draw_sample, flagged_sheet
from tuner.evaluation.review.spreadsheet import answer_order, read_review, review_sheet, sample_sheet

PLAIN = "Forty-two."


def samples(tuned: str = PLAIN, base: str | None = PLAIN, key: str = "a") -> GradedItemSet:
    return GradedItemSet((make_item(key, base, tuned),))


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
    questions = GradedItemSet(tuple(make_item(key, "BASE", hostile) for key in keys))
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
    questions = GradedItemSet(tuple(make_item(key, "BASE", "TUNED") for key in scores))
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
    assert found["a"] == {UNNAMED: dict(zip(answer_order("a"), (3, 9), strict=True))}
    assert found["=c"] == {UNNAMED: {answer_order("=c")[1]: 7}}
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


QUESTIONS = [f"q{i}" for i in range(200)]
FLAGGED = set(QUESTIONS[:20])


def test_every_stratum_is_sampled_with_a_known_probability() -> None:
    sheet = draw_sample(QUESTIONS, FLAGGED, 60, seed=3)
    assert [(each.name, len(each.questions), len(each.drawn), each.probability) for each in sheet.strata] == [
        ("flagged", 20, 6, 0.3),
        ("others", 180, 54, 0.3),
    ]
    assert set(sheet.first) == {key for stratum in sheet.strata for key in stratum.drawn}
    assert all(FLAGGED.issuperset(stratum.drawn) == (stratum.name == "flagged") for stratum in sheet.strata)
    few = draw_sample(QUESTIONS, {"q0", "q1", *QUESTIONS[50:60]}, 10, seed=3)
    assert [(len(each.drawn), each.probability) for each in few.strata] == [(5, 5 / 12), (9, 9 / 188)]
    assert [each.name for each in draw_sample(QUESTIONS, set(), 10, seed=3).strata] == ["others"]


def test_the_draw_is_random_repeatable_and_nested() -> None:
    def drawn(count: int, seed: int) -> list[str]:
        return list(draw_sample(QUESTIONS, FLAGGED, count, seed).first)

    assert drawn(60, 1) == drawn(60, 1)
    assert set(drawn(60, 1)) < set(drawn(100, 1))
    assert set(drawn(60, 1)) != set(drawn(60, 2))
    # Whoever stops early has scored a random part: the flagged questions are spread over the whole sheet.
    places = [at for at, key in enumerate(drawn(200, 1)) if key in FLAGGED]
    assert 60 < sum(places) / len(places) < 140
    draws = [set(drawn(60, seed)) for seed in range(50)]
    counts = [sum(key in each for each in draws) for key in QUESTIONS[:40]]
    assert 3 < min(counts) <= max(counts) < 30


def test_who_is_shown_first_is_secret() -> None:
    one, other = (flagged_sheet("flagged", QUESTIONS) for _ in range(2))
    assert one.first != other.first
    assert 60 < list(one.first.values()).count("base") < 140


def test_a_sample_says_neither_what_is_flagged_nor_whose_answer_comes_first() -> None:
    questions = GradedItemSet(tuple(make_item(key, "BASE", "TUNED") for key in QUESTIONS))
    sheet = draw_sample(QUESTIONS, FLAGGED, 60, seed=0)
    rows = list(csv.DictReader(io.StringIO(sample_sheet(questions, sheet))))
    assert [row["id"] for row in rows] == list(sheet.first)
    assert {row["why"] for row in rows} == {"drawn at random"}
    assert all(row["answer_1"].lower() == sheet.first[row["id"]] for row in rows)
    assert any(sheet.order(key) != answer_order(key) for key in sheet.first)


def test_scores_of_a_sheet_are_assigned_by_its_own_order() -> None:
    sheet = draw_sample(["a", "b"], set(), 10, seed=0)
    # Where the two orders differ.
    sheet = sheet.model_copy(update={"first": {key: answer_order(key)[1] for key in "ab"}})
    text = "id,score_1,score_2,sheet,reviewer\na,3,9,random-10-0,Ann\na,4,8,random-10-0,Ben\nb,5,5,random-10-0,\n"
    found = read_review(text, {"a", "b"}, find_sheet=lambda name: sheet if name == sheet.name else None, reviewer="Eve")
    assert found["a"] == {
        "Ann": dict(zip(sheet.order("a"), (3, 9), strict=True)),
        "Ben": dict(zip(sheet.order("a"), (4, 8), strict=True)),
    }
    assert list(found["b"]) == ["Eve"]
    with pytest.raises(EvaluationError, match="no sheet 'random-10-0' was exported here"):
        read_review(text, {"a", "b"})
    with pytest.raises(EvaluationError, match="line 4: the sheet 'random-10-0' does not ask about the question 'c'"):
        read_review(text.replace("b,5", "c,5"), {"a", "b", "c"}, find_sheet=lambda _: sheet)


class TestForeignFiles:
    """Files that people send back, filled with anything."""

    HEADER = "id,score_1,score_2,reviewer\r\n"

    def test_a_long_cell_is_read(self) -> None:
        found = read_review(f"id,score_1,score_2,comment\r\na,3,4,{'x' * 200_000}\r\n", {"a"})
        assert found["a"][UNNAMED]

    def test_what_is_no_table_is_refused(self) -> None:
        with pytest.raises(EvaluationError, match=r"review\.csv is no table that can be read: field larger"):
            read_review(f"id,score_1,score_2,comment\r\na,3,4,{'x' * (MAX_RECORD_BYTES + 1)}\r\n", {"a"})

    def test_the_message_about_many_wrong_lines_is_short(self) -> None:
        rows = "".join(f"b{number}{'b' * 1000},3,4,\r\n" for number in range(5_000))
        with pytest.raises(EvaluationError, match="4,980 more findings are not shown") as caught:
            read_review(self.HEADER + "a,3,4,\r\n" + rows, {"a"})
        assert len(str(caught.value)) < 4_000

    def test_a_file_for_other_questions_has_one_message(self) -> None:
        rows = "".join(f"b{number},3,4,\r\n" for number in range(30))
        with pytest.raises(EvaluationError, match="is for other questions: none of its 30 rows") as caught:
            read_review(self.HEADER + rows, {"a"})
        assert "\n" not in str(caught.value)

    def test_lines_with_the_same_finding_are_named_together(self) -> None:
        rows = "".join(f"{key},40 %,4,\r\n" for key in "abcdefgh")
        with pytest.raises(EvaluationError, match="lines 2, 3, 4, 5, 6 and 3 more: a score is a whole") as caught:
            read_review(self.HEADER + rows, set("abcdefgh"))
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize(
        ("given", "option", "name"),
        [
            ("", "\udcff", "\ufffd"),
            ("ann\u202e\x1b[31m", "people", "ann\ufffd\ufffd[31m"),
            ('"ann\n\nGate: accepted"', "people", "ann Gate: accepted"),
            ("x" * 9_000, "people", "x" * 77 + "..."),
            ("", " \n", UNNAMED),
        ],
    )
    def test_a_name_is_stored_in_one_short_readable_line(self, given: str, option: str, name: str) -> None:
        found = read_review(f"{self.HEADER}a,3,4,{given}\r\n", {"a"}, reviewer=option)
        assert list(found["a"]) == [name]
        assert read_people_scores(people_scores_json(found), "people.json") == found

    def test_an_endless_file_is_refused(self) -> None:
        with pytest.raises(EvaluationError, match="more than 64 MiB"):
            read_sheet(Path("/dev/zero"))
