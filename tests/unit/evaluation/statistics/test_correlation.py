"""The correlation of measures is that of their gains per question."""

from tuner.artifacts.evaluation.question_scores import QuestionScores
from tuner.artifacts.evaluation.scores import Correlation
from tuner.evaluation.statistics.correlation import correlations


def record(key: int, correctness: tuple, rouge: tuple) -> QuestionScores:
    return QuestionScores.model_validate(
        {
            "id": f"q{key}",
            "base": {"correctness": correctness[0], "rouge_l": rouge[0]},
            "tuned": {"correctness": correctness[1], "rouge_l": rouge[1]},
        }
    )


def test_measures_that_rank_the_gains_alike_correlate() -> None:
    same = [record(i, (5, 5 + i), (0.5, 0.5 + i / 10)) for i in range(5)]
    assert correlations(same) == (Correlation(one="correctness", other="rouge_l", rho=1.0, n=5),)
    opposite = [record(i, (5, 5 + i), (0.5, 0.5 - i / 10)) for i in range(5)]
    assert correlations(opposite)[0].rho == -1.0


def test_missing_scores_are_left_out_and_equal_gains_have_no_correlation() -> None:
    some = [record(i, (5, 5 + i), (0.5, None if i == 2 else 0.5 + i / 10)) for i in range(5)]
    assert correlations(some)[0].n == 4
    assert correlations([record(i, (5, 6), (0.5, 0.5 + i / 10)) for i in range(5)]) == ()
    assert correlations([]) == ()
