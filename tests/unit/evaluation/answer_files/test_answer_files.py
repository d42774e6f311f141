"""Answers in chat files and in the output of batch inference, and references with several right answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tuner.cli.terminal.outputs import write_files
from tuner.core.errors import EvaluationError
from tuner.evaluation.answer_files import FileRecord, read_records
from tuner.evaluation.standalone import Evaluation, Files, evaluate
from tuner.reporting.files_comparison import result_files
from tuner.settings import RunSettings

ASKED, ANSWERED = "How deep?", "Nine."
TURNS = [{"role": "user", "content": ASKED}, {"role": "assistant", "content": ANSWERED}]
BLOCKS = [{"role": "user", "content": [{"text": ASKED}]}]


def read(folder: Path, *rows: dict) -> list[FileRecord]:
    path = folder / "answers.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return read_records(path)


FORMS: dict[str, dict[str, Any]] = {
    "chat completions": {"id": "r1", "messages": [{"role": "system", "content": "Be kind."}, *TURNS]},
    "ShareGPT": {"id": "r1", "conversations": [{"from": "human", "value": ASKED}, {"from": "gpt", "value": ANSWERED}]},
    "template": {"id": "r1", "text": f"<s>[INST] {ASKED} [/INST] {ANSWERED} </s>"},
    "names of another language": {"id": "r1", "Frage": ASKED, "Antwort": ANSWERED},
    "nested": {"id": "r1", "data": {"question": ASKED, "answer": ANSWERED}},
    "batch output of Nova and of Converse": {
        "recordId": "r1",
        "modelInput": {"messages": BLOCKS},
        "modelOutput": {"output": {"message": {"role": "assistant", "content": [{"text": ANSWERED}]}}},
    },
    "batch output of Claude": {
        "recordId": "r1",
        "modelInput": {"messages": TURNS[:1]},
        "modelOutput": {"content": [{"type": "text", "text": ANSWERED}]},
    },
    "batch output of Llama": {
        "recordId": "r1",
        "modelInput": {"prompt": ASKED},
        "modelOutput": {"generation": ANSWERED, "stop_reason": "stop"},
    },
    "batch output of Titan": {
        "recordId": "r1",
        "modelInput": {"inputText": ASKED},
        "modelOutput": {"inputTextTokenCount": 8, "results": [{"tokenCount": 3, "outputText": ANSWERED}]},
    },
}


@pytest.mark.parametrize("form", FORMS)
def test_answers_are_read_from_every_form(form, tmp_path):
    [record] = read(tmp_path, FORMS[form])
    assert (record.id, record.question, record.answer) == ("r1", ASKED, ANSWERED)


def test_a_failed_request_of_a_batch_is_a_missing_answer(tmp_path):
    failed = {"recordId": "r2", "modelInput": {"prompt": ASKED}, "error": {"errorCode": 400, "errorMessage": "bad"}}
    assert [record.answer for record in read(tmp_path, FORMS["batch output of Llama"], failed)] == [ANSWERED, None]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"recordId": "r", "modelInput": {}, "modelOutput": {"x": 1}}, "line 1: modelOutput has no text that is known"),
        ({"messages": TURNS[:1]}, "line 1: the last message must be the assistant's"),
        ({"messages": [{"role": "user", "content": [{"image": {"a": 1}}]}]}, "the message has an image"),
        ({"id": 1, "thing": "x"}, "line 1: no field holds the answer"),
    ],
)
def test_other_forms_are_refused_with_the_line(row, words, tmp_path):
    with pytest.raises(EvaluationError, match=words):
        read(tmp_path, row)


REFERENCES = [["Nine metres.", "9 m", "It is nine metres deep."], {"text": ["Nine metres.", "9 m"]}]


@pytest.mark.parametrize("accepted", REFERENCES, ids=str)
def test_of_several_right_answers_the_best_counts(accepted, tmp_path):
    files = []
    for name, answer in (("base", "Six."), ("tuned", "9 m"), ("references", accepted)):
        path = tmp_path / f"{name}.jsonl"
        path.write_text("".join(json.dumps({"id": number, "answer": answer}) + "\n" for number in range(6)))
        files.append(path)
    scores = evaluate(Files(*files), ["exact_match", "token_f1", "rouge", "bleu"]).scores
    for measure in ("exact_match", "token_f1", "rouge_1", "chrf"):
        assert scores.metrics[measure].tuned.mean == pytest.approx(100 if measure == "chrf" else 1), measure
        base, tuned = scores.metrics[measure].base.mean, scores.metrics[measure].tuned.mean
        assert base is not None
        assert tuned is not None
        assert base < 0.5 * tuned


def test_a_models_answer_must_be_one_text(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"id": 1, "answer": ["a", "b"]}) + "\n")
    with pytest.raises(EvaluationError, match="line 1: a model's answer must be one text"):
        evaluate(Files(path, path, path), ["rouge"])


def written(folder: Path, name: str, *rows: dict[str, Any]) -> Path:
    path = folder / f"{name}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def compared(
    folder: Path, references: list[dict[str, Any]], answers: list[dict[str, Any]], **fields: Any
) -> Evaluation:
    base, tuned = (written(folder, name, *answers) for name in ("base", "tuned"))
    settings = RunSettings.model_validate({"fields": fields})
    return evaluate(Files(base, tuned, written(folder, "references", *references)), ["rouge"], settings=settings)


@pytest.mark.parametrize(
    "beside",
    [{"context": "Guide: pier 4."}, {"instruction": "Guide: pier 4."}, {"choices": ["Guide: pier 4."]}],
    ids=str,
)
def test_what_belongs_to_a_question_is_shown_with_it(beside, tmp_path):
    found = compared(tmp_path, [{"question": ASKED, "answer": ANSWERED} | beside], [{"question": ASKED, "answer": "6"}])
    [sample] = found.items.items
    assert ASKED in sample.question
    assert "Guide: pier 4." in sample.question


def test_a_question_that_is_asked_twice_is_named_with_both_lines(tmp_path):
    rows = [{"question": ASKED, "answer": name} for name in ("one", "two")]
    with pytest.raises(
        EvaluationError, match=r"references\.jsonl, line 2: asks the same as .*references\.jsonl, line 1"
    ):
        compared(tmp_path, rows, rows[:1])


def test_the_context_tells_equal_questions_apart(tmp_path):
    rows = [{"question": ASKED, "answer": name, "context": f"Pier {name}."} for name in ("one", "two")]
    found = compared(tmp_path, rows, rows)
    assert [(sample.reference, sample.answers["base"]) for sample in found.items.items] == [
        ("one", "one"),
        ("two", "two"),
    ]


@pytest.mark.parametrize(
    ("flags", "fields"),
    [({"deleted": True}, {}), ({"weight": 0}, {}), ({"rating": 2}, {"minimum": {"rating": 4}})],
    ids=str,
)
def test_a_reference_that_must_not_be_used_is_left_out_and_named(flags, fields, tmp_path):
    good = {"question": ASKED, "answer": ANSWERED, "rating": 5}
    bad = {"question": "How wide?", "answer": "Four.", "rating": 5} | flags
    found = compared(tmp_path, [good, bad], [{"question": ASKED, "answer": "6"}], **fields)
    assert [sample.question for sample in found.items.items] == [ASKED]
    assert "1 reference is left out" in found.scores.warnings[0]
    assert f"line 2: {next(iter(flags))}" in found.scores.warnings[0]
    with pytest.raises(EvaluationError, match="Every reference is left out"):
        compared(tmp_path, [bad], [{"question": ASKED, "answer": "6"}], **fields)


def test_fields_are_named_and_ignored_as_in_datasets(tmp_path):
    row = {"q9": ASKED, "a9": ANSWERED, "context": "Guide."}
    answer = {"question": ASKED, "answer": "6"}
    found = compared(tmp_path, [row], [answer], prompt="q9", completion="a9", ignore=["context"])
    assert [sample.question for sample in found.items.items] == [ASKED]


def test_the_page_shows_every_right_answer(tmp_path):
    found = compared(tmp_path, [{"id": 1, "answer": ["Nine.", "9 m"]}], [{"id": 1, "answer": "6"}])
    write_files(result_files(found, tmp_path), force=True)
    page = (tmp_path / "index.html").read_text("utf-8")
    assert "Also right:" in page
    assert "9 m" in page
