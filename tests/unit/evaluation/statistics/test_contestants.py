"""Tests of the comparisons of the tuned model with several contestants."""

import math
from itertools import combinations

import numpy as np
import pytest

from tuner.artifacts.evaluation.question_scores import QuestionScores
from tuner.artifacts.evaluation.verdict import Verdict
from tuner.catalog.metrics import METRICS
from tuner.evaluation.grading.grades import Graded
from tuner.evaluation.scores import summarize
from tuner.evaluation.statistics.comparison import compare
from tuner.evaluation.statistics.slices import compared_pairs, compared_with_all, holm
from tuner.evaluation.statistics.verdict import Names
from tuner.reporting.advice.quality import quality_beside

MEASURE = METRICS["correctness"][0]


@pytest.mark.slow
@pytest.mark.parametrize("runs", [120, pytest.param(2_000, marks=pytest.mark.thorough)])
@pytest.mark.thorough
def test_five_equal_contestants_give_a_false_winner_in_at_most_one_of_twenty_simulations(runs: int) -> None:
    """All comparisons have the tuned model in common, so they are related, which Holm's correction allows.

    Without the correction, there would be more: so the simulation can fail.
    """
    random, corrected, plain, among_others = np.random.default_rng(7), 0, 0, 0
    for _ in range(runs):
        scores = random.normal(5, 2, 30) + random.normal(0, 1.5, (5, 30))
        differences = {f"other_{at}": compare(scores[at].tolist(), scores[4].tolist()) for at in range(4)}
        found = compared_with_all(MEASURE, differences, Names())
        corrected += any(each.conclusion.value != "undecided" for each in found.values() if each.conclusion)
        plain += any(difference.differs for difference in differences.values())
        pairs = {
            (f"other_{one}", f"other_{other}"): compare(scores[other].tolist(), scores[one].tolist())
            for other, one in combinations(range(4), 2)
        }
        others = compared_pairs(MEASURE, pairs, Names())
        among_others += any(each.conclusion.value != "undecided" for each in others if each.conclusion)
    # Two standard errors above 5 %: 10.8 of 120.
    most = 0.05 * runs + 2 * math.sqrt(0.05 * 0.95 * runs)
    assert corrected <= most < plain
    assert among_others <= most


def test_the_others_are_compared_with_each_other_by_the_measure_that_decides() -> None:
    means = {"base": 2.0, "tuned": 5.0, "few_shot": 4.0, "retrieval": 4.2}
    spread = (1, -1, 0, 0) * 10
    records = tuple(
        QuestionScores.model_validate(
            {
                "id": f"q{at}",
                "base": {"correctness": means["base"]},
                "tuned": {"correctness": means["tuned"]},
                "others": {
                    "few_shot": {"correctness": means["few_shot"] + spread[at]},
                    "retrieval": {"correctness": means["retrieval"] - spread[at]},
                },
            }
        )
        for at in range(40)
    )
    measure = summarize(Graded(records, {}, {})).metrics["correctness"]
    found = {(pair.contestant, pair.against): pair for pair in measure.pairs}
    assert {both: round(pair.difference or 0, 6) for both, pair in found.items()} == {
        ("few_shot", "base"): 2.0,
        ("retrieval", "base"): 2.2,
        ("retrieval", "few_shot"): 0.2,
    }
    plain = [pair.comparison.p for pair in measure.pairs]
    assert [pair.comparison.p_corrected for pair in measure.pairs] == holm([p or 0.0 for p in plain])
    assert [pair.conclusion.value for pair in measure.pairs if pair.conclusion] == ["better", "better", "undecided"]
    sentence = found["few_shot", "base"].conclusion
    assert sentence and sentence.sentence.startswith("The base model with examples is better than the base model: +2")


def test_a_verdict_that_is_undecided_among_all_comparisons_says_so() -> None:
    """One output has the verdict, which is not corrected, and the same comparison in the table of contestants."""

    def verdict(gain: float, others: tuple[str, ...]) -> Verdict:
        gains = [gain + (-1) ** at for at in range(40)]
        records = tuple(
            QuestionScores.model_validate(
                {
                    "id": f"q{at}",
                    "base": {"correctness": 5},
                    "tuned": {"correctness": 5 + gains[at]},
                    "others": {name: {"correctness": 5 + gains[at] + (-1) ** (at // 2)} for name in others},
                }
            )
            for at in range(40)
        )
        found = summarize(Graded(records, {}, {}))
        assert found.verdict.value == "better"
        return found.verdict

    four = ("few_shot", "retrieval", "nova", "old")
    note = "As one of 5 comparisons with contestants, this difference can be chance (p = "
    assert any(note in each for each in verdict(0.38, four).notes)
    assert not any("can be chance" in each for each in verdict(2, four).notes)
    assert not any("can be chance" in each for each in verdict(0.38, ()).notes)


def test_after_holms_correction_a_clear_difference_remains_and_a_small_one_is_undecided() -> None:
    random = np.random.default_rng(1)
    tuned = random.normal(7, 1, 40)
    clear = compare((tuned - 3 + random.normal(0, 1, 40)).tolist(), tuned.tolist())
    small = next(
        made
        for shift in np.linspace(0.2, 0.6, 200)
        if 0.025 < ((made := compare((tuned - shift + random.normal(0, 1, 40)).tolist(), tuned.tolist())).p or 1) < 0.05
    )
    found = compared_with_all(MEASURE, {"few_shot": clear, "retrieval": small, "base": small}, Names())
    assert [each.conclusion.value for each in found.values() if each.conclusion] == ["better", "undecided", "undecided"]
    assert found["few_shot"].conclusion
    assert "better than the base model with examples" in found["few_shot"].conclusion.sentence
    assert found["retrieval"].conclusion
    assert found["retrieval"].conclusion.sentence.startswith("Undecided: among 3 comparisons")
    assert found["retrieval"].comparison.p_corrected and found["retrieval"].comparison.p_corrected > 0.05


def test_too_few_questions_are_not_tested_and_do_not_count() -> None:
    few, enough = compare([1, 2], [2, 3]), compare([1.0] * 9 + [2], [3.0] * 9 + [5])
    found = compared_with_all(MEASURE, {"few_shot": few, "base": enough}, Names())
    assert found["few_shot"].comparison.p_corrected is None
    assert found["base"].comparison.p_corrected == enough.p


def test_missing_answers_of_most_questions_decide_nothing_in_any_comparison() -> None:
    """few_shot gave 8 of 20 answers; the comparisons of the others are decided as without it."""
    records = tuple(
        QuestionScores.model_validate(
            {
                "id": f"q{at}",
                "base": {"correctness": 2 + at % 2},
                "tuned": {"correctness": 7 + at % 3},
                "others": {
                    "few_shot": {"correctness": 5} if at < 8 else {"failed": True, "correctness": None},
                    "retrieval": {"correctness": 4 + at % 2},
                },
                "fields": {"topic": "first" if at < 10 else "second"},
            }
        )
        for at in range(20)
    )
    scores = summarize(Graded(records, {}, {}))
    measure = scores.metrics["correctness"]
    assert scores.verdict.notes[-1] == (
        "The base model with examples gave no answer to 12 of 20 questions, so no comparison with it is decided."
    )
    missing = "Undecided: the base model with examples gave no answer to 12 of 20 questions, and a difference would "
    against = {name: each.conclusion for name, each in measure.compared.items()}
    pairs = {(pair.contestant, pair.against): pair.conclusion for pair in measure.pairs}
    both = [against.pop("few_shot"), pairs.pop(("few_shot", "base")), pairs.pop(("retrieval", "few_shot"))]
    assert [each and each.sentence for each in both] == [f"{missing}show only that."] * 3
    assert {each and each.value for each in (*against.values(), *pairs.values())} == {"better"}
    assert measure.compared["few_shot"].comparison.p_corrected is None
    found = measure.against("few_shot")
    assert (found.comparison.interval or (0, 0))[0] > 0
    assert quality_beside(found, found.conclusion_value, 1.0, 3).quality == "undecided"


def test_missing_answers_of_most_questions_of_a_slice_decide_nothing_in_it() -> None:
    records = tuple(
        QuestionScores.model_validate(
            {
                "id": f"q{at}",
                "base": {"correctness": 3} if at < 12 else {"failed": True, "correctness": None},
                "tuned": {"correctness": 7 + at % 3},
                "fields": {"topic": "first" if at < 10 else "second"},
            }
        )
        for at in range(20)
    )
    scores = summarize(Graded(records, {}, {}, None, ("topic",)))
    found = {part.value: part.metrics["correctness"] for part in scores.slices[0].slices}
    assert scores.verdict.value == "better"
    assert {topic: each.conclusion_value for topic, each in found.items()} == {"first": "better", "second": "undecided"}
    assert found["second"].conclusion
    assert "gave no answer to 8 of 10 questions" in found["second"].conclusion.sentence
    assert [found[topic].comparison.p_corrected is None for topic in ("first", "second")] == [False, True]
