"""Files with several answers to a question: their mean counts once, as in an analysis by groups of all answers."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tuner.artifacts.evaluation.scores import Scores
from tuner.cli.terminal.outputs import write_files
from tuner.core.errors import EvaluationError
from tuner.evaluation.standalone import Files, evaluate
from tuner.evaluation.statistics.comparison import compare
from tuner.reporting.collect.caveats import repeats_caveats
from tuner.reporting.files_comparison import result_files
from tuner.settings import RunSettings, load

REFERENCES = [
    {"id": str(n), "question": f"What is {n}?", "answer": f"one two three four number {n}"} for n in range(12)
]
WORDS = ["one", "two", "three", "four", "number"]


def answers(repeats: int, right: float, seed: int, **more: object) -> list[dict]:
    """Each word of the reference is right with this probability."""
    generator = np.random.default_rng(seed)
    return [
        {
            "id": str(n),
            "sample": sample,
            "answer": " ".join(word if generator.random() < right else "no" for word in (*WORDS, str(n))),
            **more,
        }
        for sample in range(repeats)
        for n in range(12)
    ]


def scored(folder: Path, base: list[dict], tuned: list[dict], metric: str = "rouge", **settings: Any) -> Scores:
    paths = {}
    for name, records in (("base", base), ("tuned", tuned), ("references", settings.pop("references", REFERENCES))):
        paths[name] = folder / f"{name}.json"
        paths[name].write_text(json.dumps(records))
    evaluation = evaluate(
        Files(paths["base"], paths["tuned"], paths["references"]),
        [metric],
        folder / "out",
        load(RunSettings, settings, "run.yaml"),
    )
    write_files(result_files(evaluation, folder / "out"), force=True)
    read = Scores.model_validate_json((folder / "out" / "scores.json").read_bytes())
    assert read == evaluation.scores
    return read


@pytest.mark.slow
def test_the_mean_of_the_answers_is_the_score_of_the_question(tmp_path: Path) -> None:
    base, tuned = answers(3, 0.4, 1), answers(3, 0.7, 2)
    found = scored(tmp_path, base, tuned).metrics["rouge_1"]
    alone = []
    for number in range(3):
        parts = [[each for each in given if each["sample"] == number] for given in (base, tuned)]
        alone.append(scored(tmp_path, parts[0], parts[1]))
    values = {
        name: np.array([[record.of(name).measures["rouge_1"] for record in each.questions] for each in alone])
        for name in ("base", "tuned")
    }
    assert found.comparison.n == 12
    assert found.base.mean == pytest.approx(values["base"].mean())
    assert (
        found.comparison.interval
        == compare(values["base"].mean(axis=0).tolist(), values["tuned"].mean(axis=0).tolist()).interval
    )
    # The same as the analysis of all answers, with a group for each question.
    names = np.tile(np.arange(12), 3).tolist()
    grouped = compare(values["base"].ravel().tolist(), values["tuned"].ravel().tolist(), 0, names)
    assert found.difference == pytest.approx(grouped.mean)
    assert found.comparison.standard_error == pytest.approx(grouped.standard_error)


def test_the_spread_between_answers_to_the_same_question_is_shown(tmp_path: Path) -> None:
    base, tuned = answers(4, 0.5, 1), [{**each, "sample": n} for each in answers(1, 1.0, 2) for n in range(4)]
    scores = scored(tmp_path, base, tuned)
    found = scores.metrics["rouge_1"]
    values = np.array([[each.measures["rouge_1"] for each in record.base.repeats] for record in scores.questions])
    assert found.base.spread_of_repeats == pytest.approx(np.sqrt(values.var(axis=1, ddof=1).mean()))
    assert found.tuned.spread_of_repeats == 0
    assert "the answers to the same question differ by" in (tmp_path / "out" / "index.html").read_text().replace(
        "\n", " "
    )


def test_missing_answers_are_counted_one_by_one(tmp_path: Path) -> None:
    """Each question has an answer of the base model, but two of three are missing: that decides nothing."""
    tuned = answers(3, 1.0, 1)
    base = [{**each, "answer": None if each["sample"] else "word"} for each in tuned]
    found = scored(tmp_path, base, tuned)
    assert (found.metrics["rouge_1"].base.requests, found.metrics["rouge_1"].base.requests_failed) == (36, 24)
    assert found.verdict.sentence == (
        "Undecided: the base model gave no answer to 24 of 36 requests, and a difference would show only that."
    )


def test_an_answer_that_was_not_given_counts_as_the_worst_of_its_question(tmp_path: Path) -> None:
    perfect = answers(2, 1.0, 1)
    lost = [{**each, "answer": None} if each["id"] == "3" and each["sample"] == 1 else each for each in perfect]
    found = scored(tmp_path, perfect, lost)
    assert found.metrics["rouge_1"].tuned.mean == pytest.approx((11 + 0.5) / 12)
    assert found.metrics["rouge_1"].base.mean == 1
    assert "1 of 48 answers were not given: each counts as the worst score." in found.warnings
    assert not found.questions[3].tuned.failed
    absent = scored(tmp_path, perfect, [each for each in lost if each["answer"] is not None])
    assert absent.metrics["rouge_1"].comparison == found.metrics["rouge_1"].comparison
    assert found.questions[3].outcome is not None


def test_a_question_that_was_asked_less_often_counts_by_the_answers_that_it_has(tmp_path: Path) -> None:
    """A number that no model has an answer with was not asked for: it is no answer that was not given."""

    def some(quality: float) -> list[dict]:
        return [each for each in answers(3, quality, 1) if each["sample"] <= int(each["id"]) % 3]

    found = scored(tmp_path, some(0.5), some(1.0))
    assert found.metrics["rouge_1"].tuned.mean == 1
    assert [len(record.single_answers) for record in found.questions[:3]] == [1, 2, 3]
    assert not any("were not given" in warning for warning in found.warnings)
    written = (tmp_path / "out" / "index.html").read_text("utf-8")
    assert "Every question was asked 1 to 3 times" in written
    # The page of files has no model to call.
    assert "Use the tuned model." in written
    assert "How to call the model" not in written
    assert written.count("2 further answers") == 2 * 4
    lost = scored(tmp_path, some(0.5), [each for each in some(1.0) if (each["id"], each["sample"]) != ("2", 1)])
    assert lost.metrics["rouge_1"].tuned.mean == pytest.approx((11 + 2 / 3) / 12)
    assert any(warning.startswith("1 of 48 answers were not given") for warning in lost.warnings)


def test_macro_f1_counts_every_answer(tmp_path: Path) -> None:
    references = [{"id": str(n), "question": f"Which is {n}?", "answer": "AB"[n % 2]} for n in range(12)]
    base = [{"id": str(n), "sample": s, "answer": "AB"[(n + s) % 2]} for n in range(12) for s in (0, 1)]
    tuned = [{"id": str(n), "sample": s, "answer": "AB"[n % 2]} for n in range(12) for s in (0, 1)]
    settings = {"task": "classification", "references": references}
    found = scored(tmp_path, base, tuned, "classification", **settings)
    assert (found.metrics["accuracy"].base.mean, found.metrics["macro_f1"].base.mean) == (0.5, 0.5)
    assert found.metrics["macro_f1"].tuned.mean == 1
    measure = found.metrics["macro_f1"]
    assert (measure.comparison.n, measure.comparison.groups) == (12, None)
    assert (measure.tuned.n, measure.tuned.requests, measure.tuned.requests_failed) == (12, 24, 0)
    assert measure.conclusion is not None
    assert measure.conclusion.sentence.endswith("; 12 questions.")
    assert list(repeats_caveats(measure, "2")) == [
        "Every question was asked 2 times. Macro F1 counts every answer, and the answers to one question are one "
        "observation."
    ]
    missing = [each for each in tuned if each["id"] not in ("1", "3") or each["sample"] == 0]
    lost = scored(tmp_path, base, missing, "classification", **settings).metrics["macro_f1"]
    assert (lost.tuned.failed, lost.tuned.requests, lost.tuned.requests_failed) == (0, 24, 2)


def test_two_answers_with_the_same_number_and_unequal_numbers_are_refused(tmp_path: Path) -> None:
    twice = [*answers(2, 0.5, 1), *answers(1, 0.9, 9)]
    with pytest.raises(EvaluationError, match=r"two different answers to the question .* a field 'sample'"):
        scored(tmp_path, twice, answers(2, 0.5, 2))
    with pytest.raises(EvaluationError, match=r"base model have the sample numbers 0, 1, those of the tuned model 0\."):
        scored(tmp_path, answers(2, 0.5, 1), answers(1, 0.5, 2))


@pytest.mark.parametrize("value", ["a text", True, None, 7])
def test_a_field_of_this_name_changes_nothing_where_each_question_has_one_answer(tmp_path: Path, value: object) -> None:
    base, tuned = answers(1, 0.5, 1), answers(1, 0.6, 2)
    expected = scored(tmp_path, base, tuned)
    found = scored(tmp_path, [{**each, "sample": value} for each in base], tuned)
    assert found.metrics == expected.metrics
    assert "repeats" not in json.dumps(found.to_document())
