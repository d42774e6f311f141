"""Encodings, wrapped JSON, delimiters and workbooks: the same records from each."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.unit.datasets.good_files import as_csv
from tests.unit.datasets.memory_files import CLAUDE, DEFAULT_FIELDS, MemorySource, jsonl, read, rules
from tuner.catalog import model
from tuner.datasets import RecordLimits, check
from tuner.settings import FieldNames

PAIRS = [{"question": f"Wie tief ist «{n}»? 日本", "answer": f"{n} Meter, 😀."} for n in range(3)]


EXPECTED = [tuple(record.values()) for record in PAIRS]
ENCODINGS: dict[str, Callable[[str], bytes]] = {
    "utf-16": lambda text: text.encode("utf-16"),
    "utf-16-be with a mark": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "utf-16-le": lambda text: text.encode("utf-16-le"),
    "utf-16-be": lambda text: text.encode("utf-16-be"),
    "utf-32": lambda text: text.encode("utf-32"),
    "utf-8-sig": lambda text: text.encode("utf-8-sig"),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("chunk", [1, 3, 10**6])
@pytest.mark.parametrize(("name", "data"), [("t.jsonl", jsonl(PAIRS)), ("t.json", json.dumps(PAIRS).encode()), ("t.csv", as_csv(PAIRS))])  # noqa: E501  # fmt: skip
def test_every_unicode_encoding_is_read(encoding, chunk, name, data):
    checked, records = read(name, ENCODINGS[encoding](data.decode()), chunk=chunk)
    assert rules(checked) == []
    assert records == EXPECTED


ARTICLES = {
    "version": "2.0",
    "data": [
        {
            "title": "Piers",
            "paragraphs": [
                {
                    "context": "Pier 4 is nine metres deep.",
                    "qas": [
                        {
                            "id": "1",
                            "question": "How deep?",
                            "answers": [{"text": "nine metres", "answer_start": 1}, {"text": "9 m", "answer_start": 1}],
                            "is_impossible": False,
                        },
                        {"id": "2", "question": "How long?", "answers": [], "is_impossible": True},
                    ],
                }
            ],
        }
    ],
}  # fmt: skip


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("chunk", [5, 10**6])
def test_squad_gives_each_question_with_its_context(indent, chunk):
    checked, records = read("t.json", json.dumps(ARTICLES, indent=indent).encode(), chunk=chunk)
    assert records == [("How deep?\n\nPier 4 is nine metres deep.", "nine metres")]
    assert checked.fields.records_left_out == 1
    assert rules(checked) == ["several-answers", "left-out"]


WRAPPED = [
    {"data": PAIRS},
    {"version": 1, "note": ["a", {"b": []}], "examples": PAIRS},
    {"meta": {"x": {}}, "data": {"items": PAIRS}, "more": None},
    {"faq": PAIRS},
    {"rows": [{"row_idx": n, "row": record} for n, record in enumerate(PAIRS)]},
    {"conversations_of_may": [{"messages": [{"role": "user", "content": r["question"]}, {"role": "assistant", "content": r["answer"]}]} for r in PAIRS]},  # noqa: E501
]  # fmt: skip


@pytest.mark.parametrize("document", WRAPPED, ids=lambda document: " ".join(document))
@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("chunk", [7, 10**6])
def test_records_inside_an_object_are_found(document, indent, chunk):
    checked, records = read("t.json", json.dumps(document, indent=indent).encode(), chunk=chunk)
    assert [finding for finding in checked.findings.kept if finding.severity == "error" and finding.line] == []
    assert records == EXPECTED


@pytest.mark.parametrize("chunk", [7, 10**6])
@pytest.mark.parametrize("path", ["data", "page.rows"])
def test_each_line_may_have_a_list(path, chunk):
    outer, _, inner = path.partition(".")
    lines = [{outer: {inner: part} if inner else part} for part in (PAIRS[:2], PAIRS[2:], [{"question": "q"}])]
    checked, records = read("t.jsonl", jsonl(lines[:2]), chunk=chunk)
    assert rules(checked) == []
    assert records == EXPECTED
    checked, _ = read("t.jsonl", jsonl([*lines, {"other": 1}]), chunk=chunk)
    found = [(f.line, f.rule, f.field) for f in checked.findings.kept if f.severity == "error"]
    assert found == [(3, "missing-field", f"{path}[0].answer"), (4, "records-path", None)]


def test_what_stands_beside_the_list_is_used_or_said():
    checked, _ = read("t.json", json.dumps({"system": "Be kind.", "note": "x", "data": PAIRS}).encode())
    [warning] = [finding for finding in checked.findings.kept if finding.rule == "left-out-field"]
    assert (warning.field, "stands beside the list 'data'" in warning.message) == ("system", True)


MAP = {f'How deep is «{n}» "here"?': f"{n} metres.\nOr so." for n in range(3)}


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("chunk", [7, 10**6])
def test_an_object_may_map_questions_to_answers(indent, chunk):
    data = json.dumps(MAP, indent=indent, ensure_ascii=False).encode()
    checked, records = read("t.json", data, chunk=chunk)
    assert rules(checked) == []
    assert records == list(MAP.items())
    wrong, _ = read("t.json", json.dumps({**MAP, "And why?": " "}, indent=indent).encode(), chunk=chunk)
    [error] = [finding for finding in wrong.findings.kept if finding.rule == "empty-text"]
    assert error.line == (5 if indent else 1)


@pytest.mark.parametrize("value", [["Nine."], {"answer": "Nine."}, 9], ids=str)
def test_a_map_to_other_values_is_refused_with_what_to_write(value):
    checked, records = read("t.json", json.dumps({"How deep?": value, "How long?": value}).encode())
    assert records == []
    [error] = [finding for finding in checked.findings.kept if finding.severity == "error"]
    assert (error.rule, error.remedy) == (
        "record-kind",
        'Write {"question": "...", "answer": "..."} for each question.',
    )


def test_the_place_of_a_record_that_shares_its_line_is_its_path():
    wrong = [*PAIRS[:2], {"question": "q", "answer": ""}, *PAIRS[2:], PAIRS[0]]
    for document, path in ((wrong, ""), ({"data": {"items": wrong}}, "data.items")):
        for chunk in (11, 10**6):
            checked, _ = read("t.json", json.dumps(document).encode(), chunk=chunk)
            [error] = [finding for finding in checked.findings.kept if finding.rule == "empty-text"]
            assert error.place == f"t.json, line 1, field '{path}[2].answer'"
    on_lines = json.dumps(wrong).replace("}, {", "},\n{").encode()
    [error] = [finding for finding in read("t.json", on_lines)[0].findings.kept if finding.rule == "empty-text"]
    assert error.place == "t.json, line 3, field 'answer'"


def test_duplicates_on_one_line_are_told_apart():
    source = MemorySource("t.json", json.dumps([*PAIRS, PAIRS[1]]).encode(), 10**6)
    checked = check(source, RecordLimits(model(CLAUDE), "training"), DEFAULT_FIELDS)
    [warning] = [finding for finding in checked.findings.kept if finding.rule == "duplicate"]
    assert f"{warning.place}: {warning.message}" == (
        "t.json, line 1, field '[3].question': repeats t.json, line 1, [1]."
    )


@pytest.mark.parametrize(("indent", "place"), [(None, "line 1, field '"), (1, "line 4, field '")])
def test_a_finding_in_squad_names_the_question(indent, place):
    document = json.loads(json.dumps(ARTICLES))
    document["data"][0]["paragraphs"][0]["qas"].append({"id": "3", "question": "Why?", "answers": [{"text": " "}]})
    checked, _ = read("t.json", json.dumps(document, indent=indent).encode())
    [error] = [finding for finding in checked.findings.kept if finding.rule == "empty-text"]
    assert error.place == f"t.json, {place}paragraphs[0].qas[2].answers'"


def test_the_questions_of_a_passage_on_each_line_keep_their_passage():
    lines = [{"context": "Pier 4.", "qas": [{"question": "How deep?", "answers": ["Nine."]}]}] * 2
    _, records = read("t.jsonl", jsonl(lines))
    assert records == [("How deep?\n\nPier 4.", "Nine.")] * 2


def test_a_path_names_the_list():
    document = {"old": [{"question": "x", "answer": "y"}], "new": {"entries": PAIRS}}
    data = json.dumps(document).encode()
    checked, records = read("t.json", data, FieldNames(records="new.entries"))
    assert records == EXPECTED
    assert next((f.rule, f.message) for f in checked.findings.kept) == (
        "left-out-list",
        "only the list 'new.entries' is read; the list 'old' is left out.",
    )
    checked, _ = read("t.json", data, FieldNames(records="newer"))
    assert [str(finding) for finding in checked.findings.kept if finding.rule == "records-path"] == [
        "t.json: there is no list 'newer' in the file. Correct --records."
    ]


def test_the_line_of_a_finding_inside_an_object():
    records = [*PAIRS, {"question": "q", "answer": ""}]
    checked, _ = read("t.json", json.dumps({"a": 1, "data": records}, indent=1).encode())
    [error] = [finding for finding in checked.findings.kept if finding.rule == "empty-text"]
    assert error.line
    assert json.dumps({"a": 1, "data": records}, indent=1).split("\n")[error.line] == '   "question": "q",'


@pytest.mark.parametrize("rest", [', "x": }', "", "} {}", ', "data": 1, "data": 2}'])
def test_what_follows_the_list_is_checked(rest):
    checked, _ = read("t.json", b'{"data": ' + json.dumps(PAIRS).encode() + rest.encode())
    assert next(f.rule for f in checked.findings.kept if f.severity == "error") in ("json", "duplicate-field")


def test_records_with_lists_of_objects_are_one_per_line():
    record = {
        "choices": [{"label": "A", "text": "six"}, {"label": "B", "text": "nine"}],
        "question": "q",
        "answer": "B",
    }
    shots = {"examples": [{"question": "x", "answer": "y"}], "question": "q", "answer": "a"}
    for row in (record, shots):
        _, records = read("t.jsonl", jsonl([row] * 2))
        assert len(records) == 2


@pytest.mark.parametrize("first", ["sep=;\n", "sep=;\r\n", '"sep=;"\n', "SEP=;\n"])
def test_the_line_that_sets_excels_delimiter(first):
    data = f"{first}question;answer\nHow, and when?;Now, he says.\nq;\n".encode()
    checked, _ = read("t.csv", data)
    assert [(finding.line, finding.rule) for finding in checked.findings.kept if finding.line] == [(4, "empty-text")]
    _, records = read("t.csv", data.replace(b"q;\n", b""))
    assert records == [("How, and when?", "Now, he says.")]


@pytest.mark.parametrize("title", ["FAQ 2026;;\n", "FAQ 2026\n", "FAQ, of 2026\n\n", "FAQ 2026;;\n;;\nby: Ann;;\n"])
@pytest.mark.parametrize("chunk", [5, 10**6])
def test_lines_above_the_header_are_left_out_and_said(title, chunk):
    checked, records = read("t.csv", f"{title}Frage;Antwort;id\nq;a;1\nr;b;2\n".encode(), chunk=chunk)
    assert records == [("q", "a"), ("r", "b")]
    titles = [(finding.line, finding.message) for finding in checked.findings.kept if finding.rule == "title-row"]
    assert titles[0] == (1, f"the line '{title.splitlines()[0].rstrip(';')}' above the header is left out.")
    wrong, _ = read("t.csv", f"{title}Frage;Antwort;id\nq;;1\n".encode(), chunk=chunk)
    [error] = [finding for finding in wrong.findings.kept if finding.rule == "empty-text"]
    assert error.line == 2 + title.count("\n")


def test_the_first_line_is_the_header_if_no_line_is_one():
    checked, _ = read("t.csv", b"What is it?,A pier.\nWhat is that?,A crane.\n")
    assert [finding.rule for finding in checked.findings.kept if finding.line] == ["missing-field"]


@pytest.mark.slow
def test_a_header_that_is_repeated_is_left_out_and_said():
    joined = b"\xef\xbb\xbfquestion,answer\nq,a\n" * 2 + b"question,answers\n"
    checked, records = read("t.csv", joined)
    assert records == [("q", "a"), ("q", "a"), ("question", "answers")]
    [warning] = [finding for finding in checked.findings.kept if finding.rule == "title-row"]
    assert (warning.line, warning.message) == (3, "the row repeats the header and is left out.")


@pytest.mark.parametrize("name", ["t.jsonl", "t.csv"])
def test_a_byte_order_mark_between_joined_files_is_no_part_of_a_text(name):
    lines = {"t.jsonl": jsonl([{"question": "q", "answer": "a"}]), "t.csv": b'"q","a"\n'}[name]
    head = b"question,answer\n" if name == "t.csv" else b""
    checked, records = read(name, head + lines + b"\xef\xbb\xbf" + lines)
    assert records == [("q", "a")] * 2
    assert "json" not in rules(checked)
    inside = lines.replace(b"q", b"\xef\xbb\xbfq")
    assert read(name, head + inside * 2)[1][0][0] == "\ufeffq"


@pytest.mark.parametrize(("row", "left_out"), [("1,,q,a,", ["1"]), (",,q,a,", []), (",2,q,a,3", ["2", "5"])])
def test_columns_without_a_name_are_left_out_and_said_if_they_have_values(row, left_out):
    checked, records = read("t.csv", f",,question,answer,\n{row}\n".encode())
    assert records == [("q", "a")]
    found = [finding.message for finding in checked.findings.kept if finding.rule == "left-out-field"]
    assert found == [f"the column {column} has no name in the header and is left out." for column in left_out]


def test_rows_without_a_value_are_no_records():
    checked, records = read("t.csv", b"question;answer;id\nq;a;1\n;;\n ; ;\n;;;;\nr;b;2\n;;\n")
    assert (records, rules(checked)) == ([("q", "a"), ("r", "b")], [])
    checked, _ = read("t.csv", b"question;answer;id\nq;a;1\n;;3\n")
    assert set(rules(checked)) == {"empty-text"}


def test_a_table_without_a_name_is_recognized():
    assert read("-", b"question;answer\nq;a\n")[1] == [("q", "a")]
