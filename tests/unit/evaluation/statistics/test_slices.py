"""Results by topic: which slice is called better or worse, and what is said of the others."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tuner.artifacts.evaluation.measure_scores import MeasureScores
from tuner.artifacts.evaluation.question_scores import QuestionScores
from tuner.artifacts.evaluation.scores import Scores
from tuner.evaluation.grading.grades import Graded
from tuner.evaluation.scores import summarize
from tuner.evaluation.statistics.slices import MOST_SLICES, holm
from tuner.reporting.page.slices_table import slices_sentence

# By topic: what the tuned model gains in each question. One of four equal topics differs by chance.
GAINS = {
    "billing": [3, 2, 3, 4, 3, 2, 3, 3],
    "returns": [-2, -3, -2, -2, -1, -3, -2, -2],
    "delivery": [1, 0, 1, 0, 2, -1, 1, 1],
    "other": [0, 1, -1, 0, 0, 1, -1, 0],
    "legal": [2, 2],
}


def record(number: int, gain: float, **members: object) -> QuestionScores:
    answers = {"base": {"correctness": 5}, "tuned": {"correctness": 5 + gain}}
    return QuestionScores.model_validate({"id": f"q{number}", **answers, **members})


def by_topic(gains: dict[str, list[int]]) -> Scores:
    pairs = [(topic, gain) for topic, values in gains.items() for gain in values]
    records = [record(number, gain, fields={"topic": topic}) for number, (topic, gain) in enumerate(pairs)]
    return summarize(Graded(tuple(records), {}, {}, None, ("topic",)))


def results(scores: Scores) -> dict[str, MeasureScores]:
    return {part.value: part.metrics["correctness"] for part in scores.slices[0].slices}


@pytest.mark.slow
@pytest.mark.usefixtures("no_garbage_collection")
def test_corrected_p_values_equal_statsmodels() -> None:
    from statsmodels.stats.multitest import multipletests  # seconds

    for seed in range(20):
        p_values = np.random.default_rng(seed).random(7) ** 3
        assert holm(p_values.tolist()) == pytest.approx(multipletests(p_values, method="holm")[1], abs=1e-12)
    assert holm([]) == []


def test_each_topic_has_a_result_and_the_largest_comes_first() -> None:
    scores = by_topic(GAINS)
    found = results(scores)
    assert list(found) == ["billing", "delivery", "other", "returns", "legal"]
    values = {topic: measure.conclusion_value for topic, measure in found.items()}
    assert values == {
        "billing": "better", "returns": "worse", "delivery": "undecided", "other": "undecided", "legal": "undecided",
    }  # fmt: skip
    assert found["legal"].comparison.interval is None
    assert [part.questions for part in scores.slices[0].slices] == [8, 8, 8, 8, 2]
    assert found["billing"].difference == np.mean(GAINS["billing"])
    assert slices_sentence(scores.slices[0], "correctness", list(scores.metrics.items())) == (
        "Correctness (judge) in 5 slices by topic: 1 better ('billing'), 1 worse ('returns'), 2 undecided, 1 too "
        "small to tell (at least 7 questions or groups are needed)."
    )
    many = won(8, 20)
    said = slices_sentence(many.slices[0], "correctness", list(many.metrics.items()))
    assert said.endswith("8 better ('topic 0', 'topic 1', 'topic 2', 'topic 3', 'topic 4' and 3 more).")


def test_a_slice_that_differs_by_chance_is_undecided_after_the_correction() -> None:
    lucky = [1, 1, 0, 1, 2, 0, 1, 0]
    alone, among = by_topic({"a": lucky}), by_topic({"a": lucky} | {name: [1, -1] * 4 for name in "bcdef"})
    assert results(alone)["a"].conclusion_value == "better"
    found = results(among)["a"]
    assert found.comparison.p == results(alone)["a"].comparison.p
    assert found.comparison.p_corrected == pytest.approx(6 * (found.comparison.p or 0))
    assert found.conclusion is not None
    assert found.conclusion.value == "undecided"
    assert found.conclusion.sentence.startswith(
        "Undecided: among 6 slices, chance alone can make a difference this large. If the difference stays what it is, "
    )
    assert found.conclusion.more_questions


def won(topics: int, questions: int) -> Scores:
    """The tuned model wins every question of every topic."""
    return by_topic({f"topic {number}": [1] * questions for number in range(topics)})


@pytest.mark.slow
@pytest.mark.parametrize(("topics", "questions"), [(45, 20), (10, 9)])
def test_slices_in_which_every_question_is_won_are_better_however_many_there_are(topics: int, questions: int) -> None:
    found = results(won(topics, questions))
    assert {each.conclusion_value for each in found.values()} == {"better"}
    assert {each.comparison.p for each in found.values()} == {2 * 0.5**questions}


def test_slices_that_cannot_show_a_difference_say_how_many_questions_can() -> None:
    (found,) = {each.conclusion for each in results(won(10, 8)).values()}
    assert found is not None
    assert (found.value, found.more_questions) == ("undecided", 1)
    assert found.sentence == (
        "Undecided: among 10 slices, 8 questions cannot show any difference; at least 9 are needed. If the difference "
        "stays what it is, about 1 more question would decide."
    )
    scores = won(10, 8)
    said = slices_sentence(scores.slices[0], "correctness", list(scores.metrics.items()))
    assert said == (
        "Correctness (judge) in 10 slices by topic: 10 too small to tell (at least 9 questions or groups are needed)."
    )


@pytest.mark.slow
@given(
    st.lists(st.lists(st.integers(-2, 3), min_size=1, max_size=14), min_size=1, max_size=12),
    st.booleans(),
)
@settings(max_examples=examples(20), deadline=None)
def test_an_undecided_slice_never_needs_zero_questions(gains: list[list[int]], related: bool) -> None:
    records = [
        record(10 * part + number, gain, fields={"topic": str(part)}, group=f"q{10 * part + number // (1 + related)}")
        for part, values in enumerate(gains)
        for number, gain in enumerate(values)
    ]
    for found in results(summarize(Graded(tuple(records), {}, {}, None, ("topic",)))).values():
        assert found.conclusion is not None
        if found.conclusion.value == "undecided":
            assert found.conclusion.more_questions != 0
        else:
            assert found.conclusion.more_questions == 0
            assert (found.comparison.p_corrected or 0) < 0.05


@pytest.mark.slow
def test_equal_models_are_called_different_in_any_slice_one_time_in_twenty() -> None:
    generator, alarms = np.random.default_rng(4), 0
    for _ in range(40):
        gains = {name: generator.integers(-2, 3, size=8).tolist() for name in "abcde"}
        alarms += any(each.conclusion_value != "undecided" for each in results(by_topic(gains)).values())
    assert alarms <= 6


def test_questions_without_a_value_are_left_out_and_counted() -> None:
    records = [record(number, 1, **({"fields": {"topic": "a"}} if number % 2 else {})) for number in range(20)]
    (found,) = summarize(Graded(tuple(records), {}, {}, None, ("topic",))).slices
    assert (found.left_out, [part.questions for part in found.slices]) == (10, [10])


def test_two_spellings_of_a_value_are_two_slices_and_named() -> None:
    said = "Two slices by 'topic' are 'billing' and 'Billing', which differ only in case, spaces or punctuation. "
    assert any(each.startswith(said) for each in by_topic({**GAINS, "Billing": [1, 2]}).warnings)
    assert not any("differ only" in each for each in by_topic(GAINS).warnings)


@pytest.mark.parametrize(("values", "why"), [(MOST_SLICES + 1, "it has 51 values"), (0, "no value")])
def test_a_field_with_too_many_values_or_none_has_no_slices(values: int, why: str) -> None:
    fields = [{"fields": {"topic": str(number)}} if values else {} for number in range(MOST_SLICES + 1)]
    records = [record(number, 1, **each) for number, each in enumerate(fields)]
    scores = summarize(Graded(tuple(records), {}, {}, None, ("topic",)))
    assert scores.slices[0].slices == ()
    assert f"There are no slices by 'topic': {why}" in scores.warnings[0]


def test_labels_are_slices_of_a_classification() -> None:
    records = [
        QuestionScores.model_validate(
            {
                "id": str(number),
                "label": "ab"[number % 2],
                "base": {"accuracy": 0, "label": "a", "outside_labels": 0},
                "tuned": {"accuracy": 1, "label": "ab"[number % 2], "outside_labels": 0},
            }
        )
        for number in range(20)
    ]
    (found,) = summarize(Graded(tuple(records), {}, {}, None, ("label",))).slices
    assert [(part.value, part.metrics["accuracy"].conclusion_value) for part in found.slices] == [
        ("a", "better"), ("b", "better"),
    ]  # fmt: skip


def test_slices_of_related_questions_count_groups() -> None:
    records = [record(number, 1, fields={"topic": "a"}, group=str(number // 4)) for number in range(32)]
    found = results(summarize(Graded(tuple(records), {}, {}, None, ("topic",))))
    assert (found["a"].comparison.n, found["a"].comparison.groups) == (32, 8)
