"""Several answers to each question: how they are graded, reviewed and shown."""

import csv
import io

import pytest

from tests.doubles import stored_json, write_lines
from tests.unit.evaluation.conftest import ENCODER, JUDGED, FakeBedrock, prepare
from tuner.artifacts.evaluation.contestants import MAIN
from tuner.artifacts.evaluation.scores import Scores
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.evaluation.review.spreadsheet import answer_order, sample_sheet
from tuner.evaluation.score_run import REVIEW, exported_sheet, merge_review, score_run, score_shard
from tuner.reporting.collect.questions import run_questions
from tuner.reporting.page.review_page import review_page

SEVERAL = {"evaluation": {"metrics": ["correctness", "rouge"], "samples": 3}, "inference": {"temperature": 0.7}}


def several_answers(folder: RunFolder, questions: int = 7, failed: int = 2) -> None:
    """A run with three answers to each question; the tuned model's answer number `failed` to q2 failed."""
    prepare(folder, questions, SEVERAL)
    for name, text in (("base", "No. {}"), ("tuned", "It is the number {}, surely.")):
        answers = [
            {"id": f"q{i}", "sample": sample, "answer": text.format(i) + "!" * sample}
            for i in range(questions)
            for sample in range(3)
        ]
        if name == "tuned":
            answers[2 * 3 + failed] |= {"answer": None, "error": "AwsError: gone"}
        write_lines(folder, Keys.answers(name, 0), answers[: 4 * 3])
        write_lines(folder, Keys.answers(name, 1), answers[4 * 3 :])


@pytest.mark.slow
def test_several_answers_to_a_question_are_graded_and_count_as_one(folder: RunFolder, bedrock: FakeBedrock) -> None:
    several_answers(folder)
    assert score_run(folder, 4, ENCODER) == 7
    assert bedrock.calls == 7 * 2 * 3 - 1
    scores = folder.load(Scores)
    assert scores.samples == 3
    assert scores.metrics["rouge_1"].comparison.n == 7
    assert [len(record.tuned.repeats) for record in scores.questions] == [3] * 7
    failed = [each.failed for each in scores.questions[2].tuned.repeats]
    assert (failed, scores.questions[2].tuned.failed) == ([False, False, True], False)
    assert "1 of 42 answers were not given: each counts as the worst score." in scores.warnings
    whole = stored_json(folder, Keys.SCORES)
    assert [score_shard(folder, shard, 4, ENCODER) for shard in (1, 0)] == [3, 4]
    score_run(folder, 4, ENCODER)
    assert stored_json(folder, Keys.SCORES) == whole


@pytest.mark.slow
def test_people_review_the_first_of_several_answers(folder: RunFolder, bedrock: FakeBedrock) -> None:
    several_answers(folder)
    score_run(folder, 4, ENCODER)
    sheet, samples = exported_sheet(folder, 6)
    assert {sample.answers["base"] for sample in samples.items} == {f"No. {i}" for i in range(7)}
    assert sheet.answers_each == 3
    assert "answered each question 3 times. You see its first answer" in review_page(samples, sheet, "run")
    rows = list(csv.DictReader(io.StringIO(sample_sheet(samples, sheet))))
    assert {row["shown"] for row in rows} == {"the first of 3 answers of each model: score that one"}
    assert not any(row["answer_1"].endswith("!") for row in rows)
    assert ",reference,shown,answer_1," in folder.read(REVIEW).decode("utf-8-sig").partition("\n")[0]


@pytest.mark.slow
@pytest.mark.parametrize("failed", [0, 2])
def test_peoples_scores_are_those_of_the_first_of_several_answers(
    folder: RunFolder, bedrock: FakeBedrock, failed: int
) -> None:
    several_answers(folder, failed=failed)
    score_run(folder, 4, ENCODER)
    rows = "".join(
        f"q{i},{','.join('9' if name == 'tuned' else '4' for name in answer_order(f'q{i}'))}\n" for i in range(7)
    )
    scores = merge_review(folder, f"id,score_1,score_2\n{rows}")
    assert scores.people is not None
    # The first answer decides whether there is a score, not the further ones.
    assert (scores.people.answers, scores.people.of_answers) == ((13, 13) if failed == 0 else (14, 14))
    assert scores.people.answers_each == 3
    corrected = scores.metrics["correctness"].corrected
    assert corrected is not None
    assert (corrected.method, corrected.labels) == ("all", 7)
    assert corrected.tuned.mean == pytest.approx((6 * 9 + 1) / 7 if failed == 0 else 9)
    # The judge is compared by its grades of those answers: it gave all of them the same.
    grades = {
        record.tuned.shown.measures["correctness"] for record in scores.questions if not record.tuned.shown.failed
    }
    assert scores.people.judge_agreement is not None
    assert scores.people.judge_agreement.n == scores.people.answers
    assert len(grades) == 1


@pytest.mark.slow
def test_the_report_shows_the_first_answer_and_keeps_the_others(folder: RunFolder, bedrock: FakeBedrock) -> None:
    several_answers(folder)
    score_run(folder, 4, ENCODER)
    question = run_questions(folder, MAIN, folder.load(Scores), "rouge_1")[2]
    assert question.tuned is not None
    assert question.tuned.answer == "It is the number 2, surely."
    assert [(each.answer, each.error) for each in question.tuned.further] == [
        ("It is the number 2, surely.!", None),
        (None, "AwsError: gone"),
    ]
    assert question.tuned.further[0].scores["rouge_1"] == pytest.approx(0.857, abs=0.1)


@pytest.mark.slow
def test_one_answer_to_each_question_has_no_member_about_samples(folder: RunFolder, bedrock: FakeBedrock) -> None:
    prepare(folder, settings=JUDGED)
    score_run(folder, 25, ENCODER)
    assert "samples" not in stored_json(folder, Keys.SCORES)
    assert "further" not in run_questions(folder, MAIN, folder.load(Scores), "correctness")[0].to_json_line()
