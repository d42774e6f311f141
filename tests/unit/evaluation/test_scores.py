"""From answers to scores.json: means, failures, missing verdicts, shards."""

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.unit.evaluation.conftest import make_question
from tuner.evaluation.metrics import Equipment, Grades, Measure, Metric, chosen
from tuner.evaluation.metrics.correctness import Correctness
from tuner.evaluation.samples import CONTESTANTS, Question
from tuner.evaluation.scores import grade, merged, summarize


class Given(Metric):
    """The scores stand in the answers; "?" is one that could not be made."""

    name = "correctness"
    measures = (Measure("correctness", "Correctness (judge)", (1.0, 10.0)),)
    needs_judge = True

    def grade(self, questions: Sequence[Question], equipment: Equipment) -> Grades:
        def score(text: str | None) -> float | None:
            return None if text in (None, "?") else float(text)

        values = {model: [{"correctness": score(q.answers[model])} for q in questions] for model in CONTESTANTS}
        missing = sum(q.answers[model] == "?" for q in questions for model in CONTESTANTS)
        counts = {"asked": 2 * len(questions), "missing": missing, "stand_in": 0}
        return Grades(values, {"model": "m", "name": "M", "inference": {}}, counts)


def scores(*pairs: tuple[str | None, str | None]) -> dict:
    questions = [make_question(f"q{i}", base, tuned) for i, (base, tuned) in enumerate(pairs)]
    document = summarize(grade(questions, [Given()], Equipment()))
    return json.loads(json.dumps(document, allow_nan=False))


def test_means_and_differences_are_paired() -> None:
    document = scores(*[("4", "6"), ("5", "8")] * 4)
    entry = document["metrics"]["correctness"]
    assert entry["base"] == {
        "mean": 4.5,
        "standard_error": pytest.approx(0.189, abs=1e-3),
        "n": 8,
        "missing": 0,
        "failed": 0,
    }
    assert entry["tuned"]["mean"] == 7
    assert entry["difference"] == 2.5
    assert document["verdict"]["value"] == "better"
    assert [q["outcome"] for q in document["questions"]] == ["win"] * 8


def test_a_failed_answer_counts_as_the_worst_and_is_no_number_of_its_own() -> None:
    document = scores(("5", None), ("5", "6"))
    entry = document["metrics"]["correctness"]
    assert entry["tuned"]["mean"] == 3.5
    assert (entry["tuned"]["n"], entry["tuned"]["missing"], entry["tuned"]["failed"]) == (2, 1, 1)
    assert document["questions"][0]["tuned"] == {"failed": True, "correctness": None}
    assert document["questions"][0]["outcome"] == "loss"
    assert any("1 of 2 questions got no answer from the tuned model" in note for note in document["verdict"]["notes"])


def test_a_missing_verdict_is_left_out_of_the_pair_and_counted() -> None:
    document = scores(("5", "?"), ("5", "6"))
    entry = document["metrics"]["correctness"]
    assert (entry["tuned"]["mean"], entry["tuned"]["n"], entry["tuned"]["missing"], entry["tuned"]["failed"]) == (
        6,
        1,
        1,
        0,
    )
    assert (entry["comparison"]["n"], entry["difference"]) == (1, 1)
    assert document["questions"][0]["outcome"] is None
    tokens = {name: document["judge"].pop(name) for name in ("input_tokens", "output_tokens")}
    assert tokens == {"input_tokens": 0, "output_tokens": 0}
    assert document["judge"] == {
        "model": "m",
        "name": "M",
        "inference": {},
        "stand_in": False,
        "asked": 4,
        "missing": 1,
    }


def test_one_question_is_too_few_and_says_so_first() -> None:
    verdict = scores(("1", "10"))["verdict"]
    assert verdict["value"] == "undecided"
    assert verdict["sentence"].startswith("Too few questions: 1 question cannot show any difference; 6 are the least.")
    assert verdict["more_questions"] == 5


def test_all_equal_is_undecided_in_words() -> None:
    document = scores(*[("5", "5")] * 10)
    assert document["verdict"]["value"] == "undecided"
    assert "both models score the same on average" in document["verdict"]["sentence"]
    assert document["metrics"]["correctness"]["comparison"]["sign_test_p"] is None


def test_all_answers_of_one_model_missing_is_worse() -> None:
    document = scores(*[("5", None)] * 8)
    assert document["verdict"]["value"] == "worse"
    assert document["metrics"]["correctness"]["tuned"]["mean"] == 1


def test_everything_missing_is_undecided_in_words() -> None:
    document = scores(*[("?", "?")] * 8)
    assert document["verdict"] == {
        "value": "undecided",
        "metric": None,
        "sentence": "Undecided: no question has a score for both models.",
        "more_questions": None,
        "notes": [],
    }
    assert document["metrics"]["correctness"]["base"]["mean"] is None
    document = scores(*[(None, None)] * 8)
    assert document["verdict"]["value"] == "undecided"


def test_shards_merge_to_exactly_the_whole() -> None:
    questions = [make_question(f"q{i}", str(1 + i % 7), str(2 + i % 5) if i % 4 else None) for i in range(23)]
    whole = summarize(grade(questions, [Given()], Equipment()))
    for size in (1, 5, 22):
        shards = [grade(questions[at : at + size], [Given()], Equipment()) for at in range(0, 23, size)]
        assert summarize(merged(shards)) == whole


def test_the_test_metric_looks_like_the_real_one() -> None:
    assert Given.measures == Correctness.measures


def test_a_measure_of_few_questions_does_not_decide_over_one_of_all() -> None:
    """One short reference among twelve: token F1 says nothing of the other eleven."""
    questions = [make_question(f"q{i}", "no idea at all", f"the long answer number {i}") for i in range(12)]
    questions = [
        replace(question, reference="42" if at == 0 else f"the long answer with the number {at} and more words")
        for at, question in enumerate(questions)
    ]
    document = summarize(grade(questions, chosen(["rouge", "token_f1"]), Equipment()))
    assert document["metrics"]["token_f1"]["comparison"]["n"] == 1
    assert (document["verdict"]["metric"], document["verdict"]["value"]) == ("rouge_l", "better")
    alone = summarize(grade(questions, chosen(["token_f1"]), Equipment()))
    assert alone["verdict"]["metric"] == "token_f1"
    assert "11 questions left out: not measured by Token F1 (short answers)." in alone["verdict"]["notes"]


def test_a_loss_is_written_with_a_minus_sign_and_large_counts_with_commas() -> None:
    sentence = scores(*[("6", "5"), ("8", "7")] * 600)["verdict"]["sentence"]
    assert "−1 Correctness (judge) on average, 95 % interval −1 to −1; 0 won, 0 tied, 1,200 lost of 1,200" in sentence


def test_what_is_no_number_is_a_missing_score() -> None:
    document = scores(*[("4", "6")] * 7, ("4", "nan"), ("inf", "6"))
    assert document["metrics"]["correctness"]["comparison"]["n"] == 7
    assert document["metrics"]["correctness"]["tuned"]["missing"] == 1
    assert document["verdict"]["value"] == "better"
