"""Several judges: one value per answer, no advantage by a missing grade, and the results of each judge."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.evaluation.conftest import ScriptedJudge, make_item
from tuner.artifacts.evaluation.contestants import MAIN
from tuner.artifacts.evaluation.scores import Scores
from tuner.cli.terminal.score_table import score_table
from tuner.core.errors import AwsError
from tuner.evaluation.grading.graded_items import GradedItem
from tuner.evaluation.grading.grades import grade, merged
from tuner.evaluation.judging.judge import Judge
from tuner.evaluation.judging.several_judges import pooled
from tuner.evaluation.metrics import ScoringContext, chosen
from tuner.evaluation.scores import summarize
from tuner.evaluation.standalone import Files, evaluate
from tuner.settings import RunSettings, load

SONNET, NOVA, OTHER = "us.anthropic.claude-sonnet-4-6", "us.amazon.nova-pro-v1:0", "mistral.judge"
Grader = Callable[[str], int | None]


def judge(model: str, grader: Grader) -> Judge:
    """Grades an answer by its text. None: a reply that cannot be used."""

    def reply(text: str) -> Any:
        answers = [text.partition(f"<{tag}>")[2].partition(f"</{tag}>")[0].strip() for tag in ("answer_1", "answer_2")]
        if any(answers):
            first, second = map(grader, answers)
            preferred = 0 if first == second else 1 if (first or 0) > (second or 0) else 2
            return None if None in (first, second) else {"preferred": preferred, "reasoning": f"{model} prefers."}
        score = grader(text.partition("<answer>")[2].partition("</answer>")[0].strip())
        return score if score is None else {"score": score, "reasoning": f"{model} grades."}

    return ScriptedJudge(reply).judge(model)


def exact(text: str) -> int:
    return int(text)


def scored(samples: list[GradedItem], *judges: Judge, metrics: tuple[str, ...] = ("correctness",)) -> Scores:
    return summarize(grade(samples, chosen(metrics), ScoringContext(judges)))


SAMPLES = [make_item(f"q{n}", str(3 + n % 3), str(5 + n % 4)) for n in range(12)]


def test_the_grade_of_an_answer_is_the_mean_of_the_judges() -> None:
    found = scored(SAMPLES, judge(SONNET, exact), judge(NOVA, lambda text: int(text) - 2))
    first = found.questions[0]
    assert (first.base.measures["correctness"], first.tuned.measures["correctness"]) == (2, 4)
    assert first.base.judge_grades == {SONNET: 3, NOVA: 1}
    assert first.base.reasoning == f"Claude Sonnet 4.6: {SONNET} grades.\nNova Pro: {NOVA} grades."
    assert Scores.model_validate_json(found.to_json()) == found


def test_each_judge_has_its_result_and_a_difference_in_level_cancels() -> None:
    found = scored(SAMPLES, judge(SONNET, exact), judge(NOVA, lambda text: int(text) - 2)).metrics["correctness"]
    assert found.judges
    alone = scored(SAMPLES, judge(SONNET, exact)).metrics["correctness"]
    assert alone.judges is None
    assert [each.model for each in found.judges.each] == [SONNET, NOVA]
    for each in found.judges.each:
        assert (each.difference, each.comparison) == (alone.difference, alone.comparison)
    assert (found.difference, found.comparison) == (alone.difference, alone.comparison)
    assert (found.judges.each[0].base.mean, found.judges.each[1].base.mean) == (4, 2)


def test_a_judge_that_graded_one_of_the_answers_only_counts_for_neither() -> None:
    """A strict judge that cannot grade the tuned answers would otherwise make the base model look worse."""
    strict = judge(NOVA, lambda text: None if int(text) >= 5 and text != "8" else 1)
    samples = [make_item(f"q{n}", str(2 + n % 3), str(5 + n % 4)) for n in range(12)]
    found, alone = scored(samples, judge(SONNET, exact), strict), scored(samples, judge(SONNET, exact))
    for record, same in zip(found.questions, alone.questions, strict=True):
        own = [same.of(name).measures["correctness"] for name in MAIN]
        both_judges = [((grade or 0) + 1) / 2 for grade in own]
        expected = both_judges if own[1] == 8 else own
        assert [record.of(name).measures["correctness"] for name in MAIN] == expected
    several = found.metrics["correctness"].judges
    assert several
    assert several.incomplete == 9
    assert found.judge
    assert (found.judge.asked, found.judge.missing) == (48, 9)
    assert [(each.model, each.asked, each.missing) for each in found.judge.each] == [(SONNET, 24, 0), (NOVA, 24, 9)]


GRADES = st.lists(st.none() | st.integers(1, 10), min_size=3, max_size=3)


@given(st.dictionaries(st.sampled_from(["base", "tuned", "third"]), GRADES, min_size=1))
def test_no_judge_counts_for_one_answer_and_not_for_another(grades: dict[str, list[int | None]]) -> None:
    found = pooled(grades)
    graded = [name for name in grades if any(grade is not None for grade in grades[name])]
    counting = [at for at in range(3) if all(grades[name][at] is not None for name in graded)]
    for name, value in found.items():
        expected = [grade for at in counting if (grade := grades[name][at]) is not None] if name in graded else []
        assert value == (sum(expected) / len(expected) if expected else None)


def test_a_single_judges_grades_are_its_own_integers() -> None:
    assert pooled({"base": [7], "tuned": [None]}) == {"base": 7, "tuned": None}
    found = scored(SAMPLES, judge(SONNET, exact))
    assert isinstance(found.questions[0].base.measures["correctness"], int)
    document = json.dumps(found.to_document())
    assert "judge_grades" not in document
    assert '"judges"' not in document
    assert '"each"' not in document


def test_an_answer_that_no_judge_graded_with_the_others_says_so() -> None:
    found = scored(
        [make_item("a", "3", "5")],
        judge(SONNET, lambda text: 3 if text == "3" else None),
        judge(NOVA, lambda text: 5 if text == "5" else None),
    )
    record = found.questions[0]
    assert (record.base.measures, record.tuned.measures) == ({"correctness": None}, {"correctness": None})
    assert record.tuned.problem
    assert record.tuned.problem.startswith("Claude Sonnet 4.6: no usable judgment in 3 attempts")


def test_an_answer_that_was_not_given_is_the_worst_for_every_judge() -> None:
    found = scored([make_item(f"q{n}", None, "5") for n in range(8)], judge(SONNET, exact), judge(NOVA, exact)).metrics[
        "correctness"
    ]
    assert found.judges
    assert [each.base.mean for each in found.judges.each] == [1, 1]
    assert found.difference == 4


def test_agreement_of_the_judges_is_krippendorffs_alpha() -> None:
    def noisy(text: str) -> int:
        return max(1, int(text) - int(text) % 2)

    found = scored(SAMPLES, judge(SONNET, exact), judge(NOVA, noisy), judge(OTHER, lambda text: 11 - int(text)))
    several = found.metrics["correctness"].judges
    assert several
    answers = [record.of(name).judge_grades for record in found.questions for name in MAIN]
    units = [[float(grade or 0) for grade in each.values()] for each in answers]
    everything = [grade for unit in units for grade in unit]
    ranks = {grade: sum((other < grade) + (other == grade) / 2 for other in everything) for grade in everything}
    apart = {(a, b): (ranks[a] - ranks[b]) ** 2 for a in ranks for b in ranks}
    observed = sum(apart[a, b] for unit in units for a in unit for b in unit) / (3 - 1)
    expected_by_chance = sum(apart[a, b] for a in everything for b in everything) / (len(everything) - 1)
    expected = 1 - observed / expected_by_chance
    assert several.n == 24
    assert several.alpha == pytest.approx(expected, abs=1e-9)


def test_a_preference_is_the_share_of_the_judges() -> None:
    found = scored(
        SAMPLES,
        judge(SONNET, exact),
        judge(NOVA, exact),
        judge(OTHER, lambda text: -int(text)),
        metrics=("preference",),
    )
    record = found.questions[0]
    assert record.tuned.judge_preferences == {SONNET: 1, NOVA: 1, OTHER: 0}
    assert (record.base.measures["preference"], record.tuned.measures["preference"]) == (
        pytest.approx(1 / 3),
        pytest.approx(2 / 3),
    )
    several = found.metrics["preference"].judges
    assert several
    assert [each.conclusion.value for each in several.each if each.conclusion] == ["better", "better", "worse"]
    assert several.n == 12
    assert found.preference
    assert (found.preference.compared, found.preference.asked) == (36, 72)


def test_shards_give_the_same_scores_as_all_questions_together() -> None:
    judges = [judge(SONNET, exact), judge(NOVA, lambda text: int(text) - 2)]
    metrics = chosen(["correctness", "preference"])
    shards = [grade(SAMPLES[at : at + 5], metrics, ScoringContext(judges)) for at in range(0, 12, 5)]
    assert summarize(merged(shards)) == scored(SAMPLES, *judges, metrics=("correctness", "preference"))


def test_the_error_of_a_judge_that_cannot_be_asked_is_raised() -> None:
    broken = ScriptedJudge(lambda text: AwsError("no such model")).judge(NOVA)
    with pytest.raises(AwsError, match="no such model"):
        scored(SAMPLES, judge(SONNET, exact), broken)


def test_the_table_has_a_row_for_each_judge() -> None:
    found = scored(SAMPLES, judge(SONNET, exact), judge(NOVA, exact))
    table = score_table(found.metrics, conclusions=True)
    assert list(table.columns[0].cells) == ["Correctness (judge)", "  Claude Sonnet 4.6", "  Nova Pro"]


def test_files_are_graded_by_all_judges_that_the_settings_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    levels = {SONNET: 0, NOVA: 1}

    def named(model: str, *_: object) -> Judge:
        return judge(model, lambda text: int(text) + levels[model])

    monkeypatch.setattr("tuner.evaluation.standalone.Judge", named)
    paths = {}
    for name in ("base", "tuned", "references"):
        answers = [{"question": f"What is {n}?", "answer": str(4 + n % 3 + (name == "tuned"))} for n in range(8)]
        paths[name] = tmp_path / f"{name}.json"
        paths[name].write_text(json.dumps(answers))
    settings = load(RunSettings, {"judge": {"models": [SONNET, NOVA]}}, "run.yaml")
    found = evaluate(Files(paths["base"], paths["tuned"], paths["references"]), ["correctness"], None, settings).scores
    several = found.metrics["correctness"].judges
    assert several
    assert [each.difference for each in several.each] == [1, 1]
    assert found.judge
    assert found.judge.name == "Claude Sonnet 4.6, Nova Pro"


def test_several_judges_grade_each_of_several_answers() -> None:
    more = {"base": "9", "tuned": None}
    samples = [replace(sample, more=(more,)) for sample in SAMPLES]
    found = scored(samples, judge(SONNET, exact), judge(NOVA, lambda text: int(text) - 2))
    measure = found.metrics["correctness"]
    assert measure.judges
    assert [each.base.mean for each in measure.judges.each] == [6.5, 4.5]
    # The second tuned answer was not given: it is 1 for every judge.
    assert [each.tuned.mean for each in measure.judges.each] == [3.75, 2.75]
    assert (measure.base.mean, measure.tuned.mean, measure.judges.n) == (5.5, 3.25, 36)
    assert found.questions[0].base.judge_grades == {SONNET: 6, NOVA: 4}
    assert Scores.model_validate_json(found.to_json()) == found
