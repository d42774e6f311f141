"""Win rates and standard errors of published leaderboards, recomputed from the wins, losses and draws."""

import json
from pathlib import Path

import pytest

from tests.unit.evaluation.leaderboard_figures import FIGURES
from tuner.evaluation.standalone import Files, evaluate
from tuner.evaluation.statistics.comparison import compare, mean_and_error

BOARDS = json.loads(FIGURES.read_text("utf-8"))
ROWS = {(board, row[0]): tuple(row[1:]) for board, rows in BOARDS.items() for row in rows}
# Their published standard errors are not those of their published counts.
INCONSISTENT = {"humpback-llama2-70b", "humpback-llama-65b", "baize-v2-7b"}


@pytest.mark.parametrize("board", BOARDS)
def test_the_win_rates_and_standard_errors_are_the_published_ones(board: str) -> None:
    different = set()
    for model, wins, losses, draws, win_rate, error in BOARDS[board]:
        mean, own = mean_and_error([1.0] * wins + [0.0] * losses + [0.5] * draws)
        assert mean is not None
        assert own is not None
        assert 100 * mean == pytest.approx(win_rate, abs=1e-6)
        if 100 * own != pytest.approx(error, abs=1e-6):
            different.add(model)
    assert different == INCONSISTENT & {row[0] for row in BOARDS[board]}


def test_there_are_more_than_a_hundred_rows() -> None:
    assert len(ROWS) > 150


@pytest.mark.slow
@pytest.mark.parametrize(
    "key",
    [
        ("data_AlpacaEval/claude_leaderboard.csv", "vicuna-13b"),
        ("data_AlpacaEval_2/alpaca_eval_gpt4_turbo_fn_leaderboard.csv", "gpt4"),
    ],
)
def test_files_of_answers_give_the_published_figures(key: tuple[str, str], tmp_path: Path) -> None:
    """A model that wins has the right answer, its baseline a wrong one; in a draw, both have the right answer."""
    wins, losses, draws, win_rate, error = ROWS[key]
    outcomes = ["win"] * wins + ["loss"] * losses + ["draw"] * draws
    right = {"base": ("loss", "draw"), "tuned": ("win", "draw"), "references": ("win", "loss", "draw")}
    paths = {}
    for name, has_it in right.items():
        records = [
            {"id": str(number), "question": f"Question {number}", "answer": "yes" if outcome in has_it else "no"}
            for number, outcome in enumerate(outcomes)
        ]
        paths[name] = tmp_path / f"{name}.json"
        paths[name].write_text(json.dumps(records), "utf-8")
    found = evaluate(Files(paths["base"], paths["tuned"], paths["references"]), ["exact_match"]).scores
    measured = found.metrics["exact_match"]
    assert (measured.comparison.wins, measured.comparison.losses, measured.comparison.ties) == (wins, losses, draws)
    # A win counts 1 and a loss -1; of the win rate, a win is 1 and a loss 0.
    assert 50 + 50 * (measured.difference or 0) == pytest.approx(win_rate, abs=1e-6)
    assert 50 * (measured.comparison.standard_error or 0) == pytest.approx(error, abs=1e-6)


@pytest.mark.slow
def test_the_verdict_is_that_of_the_published_interval() -> None:
    """Two standard errors are more than 1.96, so a row that is further from 50 % is called different."""
    for wins, losses, draws, win_rate, error in list(ROWS.values())[::20]:
        found = compare([0.0] * (wins + losses + draws), [1.0] * wins + [-1.0] * losses + [0.0] * draws)
        assert found.differs == (abs(win_rate - 50) > 1.96 * error)
