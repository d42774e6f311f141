"""Files from anywhere: matched by id or by question, whatever their format."""

import json
from pathlib import Path

import pytest

from tuner.errors import EvaluationError, SettingsError
from tuner.evaluation.standalone import evaluate

FAST = ["rouge", "style"]


def write(folder: Path, name: str, text: str | list) -> Path:
    path = folder / name
    path.write_text(text if isinstance(text, str) else json.dumps(text, ensure_ascii=False), "utf-8")
    return path


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Path]:
    references = [{"question": f"What  is {i}?", "answer": f"It is the number {i}."} for i in range(7)]
    base = "question,answer\n" + "".join(f"What is {i}?,No idea\n" for i in range(7))
    tuned = "".join(
        json.dumps({"prompt": f"What is {i}?", "completion": f"It is number {i}."}) + "\n" for i in reversed(range(7))
    )
    return write(tmp_path, "b.csv", base), write(tmp_path, "t.jsonl", tuned), write(tmp_path, "r.json", references)


def test_records_without_ids_are_matched_by_their_question(files: tuple, tmp_path: Path) -> None:
    scores = evaluate(*files, metrics=FAST, output=tmp_path / "out")
    assert scores["metrics"]["rouge_l"]["base"]["mean"] == 0
    assert scores["metrics"]["rouge_l"]["tuned"]["mean"] > 0.8
    assert scores["verdict"]["value"] == "better"
    assert json.loads((tmp_path / "out" / "scores.json").read_text("utf-8")) == scores
    assert (tmp_path / "out" / "review.csv").read_text("utf-8-sig").startswith("id,why,question")


def test_ids_go_before_questions(tmp_path: Path) -> None:
    references = write(
        tmp_path,
        "r.json",
        [{"id": 1, "question": "Same?", "reference": "yes"}, {"id": 2, "question": "Same?", "reference": "no"}],
    )
    base = write(tmp_path, "b.json", [{"id": "2", "answer": "no"}, {"id": "1", "answer": "no"}])
    tuned = write(tmp_path, "t.json", [{"id": "1", "answer": "yes"}, {"id": "2", "answer": None}])
    scores = evaluate(base, tuned, references, ["rouge"])
    rows = {row["id"]: row for row in scores["questions"]}
    assert (rows["1"]["base"]["rouge_1"], rows["2"]["base"]["rouge_1"]) == (0, 1)
    assert rows["2"]["tuned"]["failed"] is True


def test_a_judge_is_not_asked_unless_one_is_named(files: tuple) -> None:
    scores = evaluate(*files, metrics=FAST)
    assert "judge" not in scores
    with pytest.raises(SettingsError, match="correctness needs a judge"):
        evaluate(*files, metrics=["correctness"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"b\.json: .*(empty|has no records)"),
        ("[]", r"b\.json: .*has no records"),
        ('[{"answer": 5, "question": "x"}]', r"b\.json, line 1: the answer must be a text"),
        ('[{"question": "x"}]', r"b\.json, line 1: no field holds the answer"),
        ('{"question": "x", "answer": "y"}\n{"question": ', r"b\.json, line 2: "),
        ("[1, 2]", r"b\.json, line 1: is not an object"),
        ("prose", r"b\.json, line 1: "),
        ('[{"answer": "no question here"}]', r"b\.json, line 1: has no question, and not every record"),
        ('[{"question": "Unknown?", "answer": "x"}]', "None of the base model's answers belongs to a question"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_its_line(
    files: tuple, tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(EvaluationError, match=message):
        evaluate(write(tmp_path, "b.json", text), files[1], files[2], FAST)


def test_a_file_that_is_not_there_is_named(files: tuple, tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"nowhere\.json: there is no such file"):
        evaluate(tmp_path / "nowhere.json", files[1], files[2], FAST)


def test_a_huge_answer_is_scored(files: tuple, tmp_path: Path) -> None:
    huge = write(tmp_path, "h.json", [{"question": f"What is {i}?", "answer": "It is so. " * 10_000} for i in range(7)])
    scores = evaluate(files[0], huge, files[2], ["rouge", "style", "bleu"])
    assert scores["metrics"]["style_words"]["tuned"]["mean"] == 30_000
