"""The preference at equal length, against statsmodels, and what a judge of length alone shows."""

import numpy as np
import pytest
from scipy import stats

from tests.unit.evaluation.conftest import ScriptedJudge, make_item
from tuner.artifacts.evaluation.measure_scores import EqualLength
from tuner.artifacts.evaluation.scores import Scores
from tuner.cli.terminal.score_table import score_table
from tuner.evaluation.grading.grades import grade
from tuner.evaluation.judging.length import at_equal_length
from tuner.evaluation.metrics import ScoringContext
from tuner.evaluation.metrics.preference import Preference
from tuner.evaluation.scores import summarize


def adjusted(gains: np.ndarray, longer: np.ndarray, groups: np.ndarray | None = None) -> EqualLength:
    names = range(len(gains)) if groups is None else groups.tolist()
    found = at_equal_length(gains.tolist(), longer.tolist(), list(names))
    assert found
    return found


@pytest.mark.slow
@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_the_figures_are_those_of_statsmodels(seed: int, grouped: bool) -> None:
    import statsmodels.api as sm  # seconds

    generator = np.random.default_rng(seed)
    count = 47
    longer = generator.normal(60, 90, size=count).round()
    gains = np.sign(generator.normal(0.4, 1, size=count) + longer / 150).round()
    groups = generator.integers(11, size=count) if grouped else np.arange(count)
    found = adjusted(gains, longer, groups)
    rows = sm.add_constant(np.tanh(longer / longer.std()))
    preferred, chance = (gains + 1) / 2, (found.difference + 1) / 2
    steepness = 2 * chance * (1 - chance)
    params = np.array([np.log(chance / (1 - chance)), found.slope / steepness])
    # Firth's fit is the usual one with half of the leverage added to each question, as a preference for either answer.
    chances = 1 / (1 + np.exp(-rows @ params))
    weights = chances * (1 - chances)
    information = rows.T @ (rows * weights[:, None])
    leverage = weights * np.einsum("ij,jk,ik->i", rows, np.linalg.inv(information), rows)
    added = sm.GLM(
        np.concatenate([preferred, np.ones(count), np.zeros(count)]),
        np.tile(rows, (3, 1)),
        family=sm.families.Binomial(),
        var_weights=np.concatenate([np.ones(count), leverage / 2, leverage / 2]),
    ).fit(tol=1e-12)
    assert params == pytest.approx(added.params, abs=1e-6)
    at_params = sm.GLM(preferred, rows, family=sm.families.Binomial()).fit(
        start_params=params, maxiter=0, cov_type="cluster", cov_kwds={"groups": groups}
    )
    clusters = len(set(groups.tolist()))
    error = at_params.bse[0]
    reach = stats.t.ppf(0.975, clusters - 2) * error
    low, high = (2 / (1 + np.exp(-end)) - 1 for end in (params[0] - reach, params[0] + reach))
    assert found.standard_error == pytest.approx(steepness * error, abs=1e-6)
    assert found.interval == pytest.approx((low, high), abs=1e-6)
    assert found.p == pytest.approx(
        max(2 * 0.5**clusters, 2 * stats.t.sf(abs(params[0]) / error, clusters - 2)), abs=1e-6
    )
    assert found.groups == (clusters if grouped else None)


def test_the_order_of_the_questions_and_the_unit_of_the_length_do_not_matter() -> None:
    generator = np.random.default_rng(5)
    longer, gains = generator.normal(20, 50, size=30), generator.choice([-1.0, 0.0, 1.0], size=30)
    found, order = adjusted(gains, longer), generator.permutation(30)
    again = adjusted(gains[order], longer[order] * 8)
    assert again.difference == pytest.approx(found.difference)
    assert again.interval == pytest.approx(found.interval)


def test_what_cannot_be_estimated_is_absent() -> None:
    assert at_equal_length([1.0] * 5, [1, 2, 3, 4, 5], list("abcde")) is None
    assert at_equal_length([1.0] * 12, list(range(12)), list("aabbccddeeee")) is None
    assert at_equal_length([1.0] * 8, [7.0] * 8, list("abcdefgh")) is None


def test_equal_length_far_from_the_lengths_that_were_seen_is_not_estimated() -> None:
    """Answers that are all longer by 60 to 136 characters: the curve would give anything at zero."""
    generator = np.random.default_rng(4)
    longer = 4.0 * generator.integers(15, 35, size=60)
    gains = np.where(generator.random(60) < 0.8, 1.0, -1.0)
    assert at_equal_length(gains.tolist(), longer.tolist(), list(range(60))) is None
    assert at_equal_length(gains.tolist(), (-longer).tolist(), list(range(60))) is None
    assert at_equal_length(gains.tolist(), (longer - 80).tolist(), list(range(60))) is not None


def test_an_answer_that_always_wins_wins_at_equal_length_too() -> None:
    found = adjusted(np.ones(12), np.arange(12) - 5.5)
    assert 0.85 < found.difference < 1
    assert 0.5 < found.interval[0] < found.difference < found.interval[1] < 1
    assert (found.conclusion, found.p < 0.001) == ("better", True)


def test_a_preference_that_follows_the_length_alone_has_a_finite_fit() -> None:
    """Longer answers always win: the usual logistic fit has no estimate."""
    longer = np.arange(-15, 16) + 0.5
    found = adjusted(np.sign(longer), longer)
    assert found.conclusion == "undecided"
    assert abs(found.difference) < 0.2
    assert 0 < found.slope < 10


def test_equal_length_that_was_never_seen_is_marked() -> None:
    gains = np.array([1.0, 1, 0, 1, -1, 1, 1, 0])
    assert adjusted(gains, np.arange(1, 9)).extrapolated
    assert not adjusted(gains, np.arange(8) - 3.5).extrapolated


def compared(prefers: str, samples: list) -> Scores:
    """A judge that prefers the longer answer, or the one that is in capitals."""

    def reply(text: str) -> dict:
        first, second = (
            text.partition(f"<{tag}>\n")[2].partition(f"\n</{tag}>")[0] for tag in ("answer_1", "answer_2")
        )
        values = [len(each) if prefers == "length" else each.isupper() for each in (first, second)]
        return {"preferred": 0 if values[0] == values[1] else 1 if values[0] > values[1] else 2, "reasoning": "So."}

    found = summarize(grade(samples, [Preference()], ScoringContext([ScriptedJudge(reply).judge()])))
    assert Scores.model_validate_json(found.to_json()) == found
    return found


def test_a_judge_of_length_alone_shows_no_difference_at_equal_length() -> None:
    generator = np.random.default_rng(1)
    lengths = generator.integers(20, 200, size=(60, 2)) + np.array([0, 60])
    samples = [make_item(f"q{n}", "x" * base, "y" * tuned) for n, (base, tuned) in enumerate(lengths)]
    measure = compared("length", samples).metrics["preference"]
    assert measure.conclusion_value == "better"
    assert measure.equal_length
    assert measure.equal_length.conclusion == "undecided"
    assert measure.equal_length.mean_longer == pytest.approx(np.mean(lengths[:, 1] - lengths[:, 0]))


def test_a_judge_of_quality_finds_the_same_at_equal_length_and_the_table_shows_it() -> None:
    samples = [make_item(f"q{n}", "x" * (10 + n % 7), "Y" * (15 - n % 5)) for n in range(30)]
    measure = compared("quality", samples).metrics["preference"]
    assert measure.equal_length
    assert 0.9 < measure.equal_length.difference < 1
    table = score_table({"preference": measure}, conclusions=True)
    assert list(table.columns[0].cells) == ["Preferred (judge)", "  at equal length"]
    assert list(table.columns[-1].cells) == ["better", "better"]


def test_questions_without_both_answers_are_left_out() -> None:
    samples = [make_item(f"q{n}", "x" * (10 + n), "Y" * (20 - n) if n else None) for n in range(9)]
    found = compared("quality", samples).metrics["preference"]
    assert found.equal_length
    assert (found.comparison.n, found.equal_length.n) == (9, 8)
