"""From answers to scores.json: means, failed answers, missing scores, shards."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.unit.evaluation.conftest import make_item
from tuner.artifacts.evaluation.contestants import MAIN
from tuner.artifacts.evaluation.metric_details import JudgeDetails, MetricFacts
from tuner.artifacts.evaluation.question_scores import AnswerScores
from tuner.artifacts.evaluation.scores import Scores
from tuner.artifacts.evaluation.verdict import Verdict
from tuner.evaluation.grading.graded_items import GradedItem
from tuner.evaluation.grading.grades import grade, merged
from tuner.evaluation.metrics import Grades, Measure, Metric, ScoringContext, chosen
from tuner.evaluation.metrics.correctness import Correctness
from tuner.evaluation.scores import summarize
from tuner.evaluation.statistics.comparison import compare
from tuner.evaluation.statistics.verdict import conclude


class Given(Metric):
    """Each answer is its own score. For the answer "?", no score can be made."""

    name = "correctness"
    measures = (Measure("correctness", "Correctness (judge)", (1.0, 10.0)),)
    needs_judge = True

    def grade(self, samples: Sequence[GradedItem], context: ScoringContext) -> Grades:
        def score(text: str | None) -> float | None:
            return None if text in (None, "?") else float(text)

        values = {
            name: [AnswerScores(measures={"correctness": score(sample.answers[name])}) for sample in samples]
            for name in MAIN
        }
        missing = sum(sample.answers[name] == "?" for sample in samples for name in MAIN)
        counts = {"asked": 2 * len(samples), "missing": missing, "stand_in": 0}
        return Grades(values, MetricFacts(model="m", name="M", inference={}), counts)


def scores(*pairs: tuple[str | None, str | None]) -> Scores:
    samples = [make_item(f"q{i}", base, tuned) for i, (base, tuned) in enumerate(pairs)]
    found = summarize(grade(samples, [Given()], ScoringContext()))
    assert Scores.model_validate_json(found.to_json()) == found
    return found


def test_means_and_differences_are_paired() -> None:
    found = scores(*[("4", "6"), ("5", "8")] * 4)
    entry = found.metrics["correctness"]
    assert (entry.base.mean, entry.base.n, entry.base.missing, entry.base.failed) == (4.5, 8, 0, 0)
    assert entry.base.standard_error == pytest.approx(0.189, abs=1e-3)
    assert entry.tuned.mean == 7
    assert entry.difference == 2.5
    assert found.verdict.value == "better"
    assert [record.outcome for record in found.questions] == ["win"] * 8


def test_a_failed_answer_counts_as_the_worst_and_has_no_value_of_its_own() -> None:
    found = scores(("5", None), ("5", "6"))
    entry = found.metrics["correctness"]
    assert entry.tuned.mean == 3.5
    assert (entry.tuned.n, entry.tuned.missing, entry.tuned.failed) == (2, 1, 1)
    assert found.questions[0].tuned == AnswerScores(failed=True, measures={"correctness": None})
    assert found.questions[0].outcome == "loss"
    assert any("1 of 2 questions got no answer from the tuned model" in note for note in found.verdict.notes)


def test_an_answer_without_a_score_is_left_out_of_the_pair_and_counted() -> None:
    found = scores(("5", "?"), ("5", "6"))
    entry = found.metrics["correctness"]
    assert (entry.tuned.mean, entry.tuned.n, entry.tuned.missing, entry.tuned.failed) == (
        6,
        1,
        1,
        0,
    )
    assert (entry.comparison.n, entry.difference) == (1, 1)
    assert found.questions[0].outcome is None
    assert found.judge == JudgeDetails(
        model="m", name="M", stand_in=False, asked=4, missing=1, input_tokens=0, output_tokens=0
    )


def test_a_judge_that_graded_few_answers_of_one_model_decides_nothing() -> None:
    """Grades that are missing for bad answers would make the model look better that has more of them."""
    found = scores(*[("5", "?"), ("5", "?"), ("5", "8")] * 8)
    assert found.metrics["correctness"].comparison.n == 8
    assert (found.verdict.value, found.verdict.sentence) == (
        "undecided",
        "Undecided: the tuned model has no grade for 16 of 24 questions, and the other questions say nothing about "
        "these.",
    )


def test_grades_that_are_missing_for_one_model_only_are_a_note() -> None:
    def left_out(missing: tuple[int, int]) -> str:
        pairs = [("?" if at < missing[0] else "5", "?" if 29 - at < missing[1] else "6") for at in range(30)]
        return next(note for note in scores(*pairs).verdict.notes if "left out" in note)

    said = left_out((1, 10))
    assert "10 grades are missing for the tuned model and 1 for the base model, which is more than chance" in said
    assert left_out((4, 6)) == "10 questions left out: one of the answers has no Correctness (judge)."


def test_one_question_is_too_few_and_says_so_once() -> None:
    verdict = scores(("1", "10")).verdict
    assert verdict.value == "undecided"
    assert verdict.sentence == (
        "Undecided: 1 question cannot show any difference; at least 6 are needed. 1 won, 0 tied, 0 lost."
    )
    assert not any("cannot show" in note for note in verdict.notes)
    assert verdict.more_questions == 5


def test_equal_scores_are_undecided() -> None:
    found = scores(*[("5", "5")] * 10)
    assert found.verdict.value == "undecided"
    assert "both models score the same on average" in found.verdict.sentence
    assert found.metrics["correctness"].comparison.sign_test_p is None


def test_a_mean_that_is_a_rounding_error_is_none_but_has_an_interval() -> None:
    # A third and two thirds have six digits, so these gains add up to -1e-6 and not to zero.
    gains = [("0", "0.333333"), ("0", "0.333333"), ("0.666667", "0")] * 4
    base, tuned = ([float(pair[side]) for pair in gains] for side in (0, 1))
    found = conclude(Measure("token_f1", "Token F1"), compare(base, tuned))
    assert found.sentence.startswith("Undecided: both models score the same on average, 95 % interval −0.")
    assert found.sentence.endswith("; 8 won, 0 tied, 4 lost of 12 questions.")


def test_about_how_many_more_questions_has_two_digits() -> None:
    found = conclude(Measure("a", "A"), compare([0.0] * 40, [1.0, -0.9] * 20))
    assert found.more_questions == 2900
    assert "about 2,900 more questions would decide" in found.sentence


@pytest.mark.parametrize(("pair", "who"), [(("5", None), "tuned"), ((None, "5"), "base")])
def test_missing_answers_of_most_questions_decide_nothing(pair: tuple[str | None, str | None], who: str) -> None:
    found = scores(*[pair] * 7, ("5", "5"))
    assert found.verdict.value == "undecided"
    assert found.verdict.sentence == (
        f"Undecided: the {who} model gave no answer to 7 of 8 questions, and a difference would show only that."
    )
    assert not [note for note in found.verdict.notes if "no answer" in note]
    half = scores(*[pair] * 8, *[("5", "5")] * 8).verdict
    assert half.value == ("worse" if who == "tuned" else "better")
    assert f"8 of 16 questions got no answer from the {who} model: counted as worst." in half.notes


def test_missing_scores_are_undecided() -> None:
    found = scores(*[("?", "?")] * 8)
    assert found.verdict == Verdict(value="undecided", sentence="Undecided: no question has a score for both models.")
    assert found.metrics["correctness"].base.mean is None
    found = scores(*[(None, None)] * 8)
    assert found.verdict.value == "undecided"


def test_shards_merge_to_exactly_the_whole() -> None:
    samples = [make_item(f"q{i}", str(1 + i % 7), str(2 + i % 5) if i % 4 else None) for i in range(23)]
    whole = summarize(grade(samples, [Given()], ScoringContext()))
    for size in (1, 5, 22):
        shards = [grade(samples[at : at + size], [Given()], ScoringContext()) for at in range(0, 23, size)]
        assert summarize(merged(shards)) == whole


def test_the_metric_of_these_tests_has_the_measures_of_the_real_one() -> None:
    assert Given.measures == Correctness.measures


def test_a_measure_of_few_questions_does_not_decide_over_one_of_all() -> None:
    """One of twelve references is short: token F1 does not apply to the other eleven."""
    samples = [make_item(f"q{i}", "no idea at all", f"the long answer number {i}") for i in range(12)]
    samples = [
        replace(sample, reference="42" if at == 0 else f"the long answer with the number {at} and more words")
        for at, sample in enumerate(samples)
    ]
    found = summarize(grade(samples, chosen(["rouge", "token_f1"]), ScoringContext()))
    assert found.metrics["token_f1"].comparison.n == 1
    assert (found.verdict.metric, found.verdict.value) == ("rouge_l", "better")
    alone = summarize(grade(samples, chosen(["token_f1"]), ScoringContext()))
    assert alone.verdict.metric == "token_f1"
    assert "11 questions left out: Token F1 (short answers) does not apply to them." in alone.verdict.notes


@pytest.mark.slow
def test_a_loss_is_written_with_a_minus_sign_and_large_counts_with_commas() -> None:
    sentence = scores(*[("6", "5"), ("8", "7")] * 600).verdict.sentence
    assert "−1 Correctness (judge) on average, 95 % interval −1 to −1; 0 won, 0 tied, 1,200 lost of 1,200" in sentence


def test_nan_and_infinity_are_missing_scores() -> None:
    found = scores(*[("4", "6")] * 7, ("4", "nan"), ("inf", "6"))
    assert found.metrics["correctness"].comparison.n == 7
    assert found.metrics["correctness"].tuned.missing == 1
    assert found.verdict.value == "better"
