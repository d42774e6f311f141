"""The page of `tuner compare`: a result and a table of measures for each run, and other people's text as text."""

import re
from collections.abc import Mapping

import pytest

from tuner.artifacts.evaluation.metric_details import MetricFacts
from tuner.artifacts.evaluation.question_scores import QuestionScores
from tuner.artifacts.evaluation.scores import Scores
from tuner.evaluation.grading.grades import Graded
from tuner.evaluation.run_comparison import compare_runs, corrected
from tuner.evaluation.scores import summarize
from tuner.reporting.page.comparison_page import comparison_page

HOSTILE = '<script>alert(1)</script><img src=x onerror="alert(1)">\u202e'


def scored(tuned: float, questions: int = 12, judge: str = "Nova Pro") -> Scores:
    """A run whose tuned model gets about the same score for each question."""
    records = tuple(
        QuestionScores.model_validate(
            {"id": f"q{at}", "base": {"correctness": 2 + at % 2}, "tuned": {"correctness": tuned + at % 3 / 2}}
        )
        for at in range(questions)
    )
    facts = {"correctness": MetricFacts(model=judge, name=judge)}
    return summarize(Graded(records, facts, {"correctness": {"asked": 2 * questions, "missing": 0, "stand_in": 0}}))


def compared(names: Mapping[str, float]) -> dict[str, Scores]:
    """Runs with these scores, each compared with a run whose tuned model gets 5."""
    found = [compare_runs(scored(5), scored(score), ("faq-1", name)) for name, score in names.items()]
    return dict(zip(names, corrected(found), strict=True))


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html.partition("<body>")[2].partition("<script>")[0]).split())


def test_each_run_has_its_result_and_its_measures() -> None:
    html = comparison_page("faq-1", compared({"faq-2": 8, "faq-3": 3, "faq-4": 5}))
    shown = words(html)
    assert "3 comparisons with faq-1" in shown
    assert "corrected for the number of comparisons" in shown
    rows = re.findall(r'<a href="#comparison-\d">(faq-\d)</a>.*?<span class="value (\w+)">', html, re.DOTALL)
    assert rows == [("faq-2", "better"), ("faq-3", "worse"), ("faq-4", "undecided")]
    sections = shown.split("Measure First Run")[1:]
    assert len(sections) == 3
    assert "12 won, 0 tied, 0 lost" in sections[0]
    assert "0 won, 0 tied, 12 lost" in sections[1]


def test_one_comparison_is_not_called_corrected() -> None:
    shown = words(comparison_page("faq-1", compared({"faq-2": 8})))
    assert "1 comparison with faq-1" in shown
    assert "corrected for the number" not in shown


def test_what_cannot_be_compared_is_said() -> None:
    other = compare_runs(scored(5, 12), scored(8, 4), ("faq-1", "faq-2"))
    shown = words(comparison_page("faq-1", {"faq-2": other}))
    assert "Warning: Compared on the 4 questions that both runs asked; 8 left out." in shown


@pytest.mark.parametrize("place", ["first", "run"])
def test_names_are_text(place: str) -> None:
    """A run's name has no such characters, but its contestants are named in a file of the run."""
    names = {"first": "faq-1", "run": "faq-2", place: HOSTILE}
    html = comparison_page(names["first"], {names["run"]: compared({"faq-2": 8})["faq-2"]})
    body = html.partition("<body>")[2]
    assert "<script>alert" not in body
    assert "<img" not in body
    assert "\u202e" not in html
    assert "&lt;script&gt;alert(1)" in body
