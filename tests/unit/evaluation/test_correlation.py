"""Agreement is about gains, and about answers that are there."""

from tuner.evaluation.statistics.correlation import agreement


def record(key: int, correctness: tuple, rouge: tuple) -> dict:
    return {
        "id": key,
        "base": {"correctness": correctness[0], "rouge_l": rouge[0]},
        "tuned": {"correctness": correctness[1], "rouge_l": rouge[1]},
    }


def test_metrics_that_rank_the_gains_alike_agree() -> None:
    same = [record(i, (5, 5 + i), (0.5, 0.5 + i / 10)) for i in range(5)]
    assert agreement(same) == [{"one": "correctness", "other": "rouge_l", "rho": 1.0, "n": 5}]
    opposite = [record(i, (5, 5 + i), (0.5, 0.5 - i / 10)) for i in range(5)]
    assert agreement(opposite)[0]["rho"] == -1.0


def test_missing_scores_are_left_out_and_constants_say_nothing() -> None:
    some = [record(i, (5, 5 + i), (0.5, None if i == 2 else 0.5 + i / 10)) for i in range(5)]
    assert agreement(some)[0]["n"] == 4
    assert agreement([record(i, (5, 6), (0.5, 0.5 + i / 10)) for i in range(5)]) == []
    assert agreement([]) == []
