"""Files that people upload by mistake, or that programs write wrongly: one finding each, which says what is true."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from tests.unit.datasets.good_files import as_xlsx
from tests.unit.datasets.memory_files import CLAUDE, MemorySink, MemorySource, pairs
from tuner.catalog import model
from tuner.datasets import CheckedFile, RecordLimits, convert
from tuner.settings import FieldNames

P = '{"question": "q", "answer": "a"}'
SPREAD = '{\n  "question": "q",\n  "answer": "a"\n}\n'
RAW = "Download the file itself: on GitHub with 'Raw', on Hugging Face with 'download'."
ONE_LINE = (
    "an object goes over several lines. Without an array around them, a line must have one object. "
    "Write each object on one line (`jq -c . FILE` does), or put all into an array: [ ..., ... ]."
)
MARKDOWN = (
    "this is a table in Markdown, not a dataset. Write it as CSV, with the header question,answer; or put it into "
    "documents/ to generate questions."
)
DRAWN = (
    "this is a table that is drawn with characters (reStructuredText, psql, MySQL), not a dataset. Write it as CSV, "
    "with the header question,answer; or put it into documents/ to generate questions."
)
SEVERAL = ONE_LINE.replace(
    "an object goes over several lines. Without an array around them, a line must have one object.",
    "this is not valid JSON: several objects are on one line.",
)
FORMATS = "Upload JSON, JSONL, CSV, TSV, XLSX or Parquet."
COMMA = (
    "this is not valid JSON: a comma follows the object. "
    "Remove the commas at the ends of lines, or put [ and ] around all objects."
)
PYTHON = "this is not valid JSON: this is Python's notation, with single quotes. Write the records with json.dumps."
TABLE = "this is not valid JSON: it looks like a table. Give a table's file the ending .csv or .tsv."
COLUMNS = (
    "the object has columns, not a record: its fields hold all values. "
    "Write an array of objects, one for each record (pandas: to_json(orient='records'))."
)
WHATSAPP = (
    "this is a chat as WhatsApp exports it, not a dataset. "
    'Write {"question": "...", "answer": "..."} for each question and answer.'
)
NO_HEADER = (
    "no field holds the question: found 'What is it?', 'A pier.' (line 1 was taken for the header). "
    "Begin with a header such as question,answer. Or: Name it with --prompt-field, or call it "
    "one of: question, prompt, instruction, query, sentence1, input, user, problem, source, q."
)


def zipped(name: str, data: bytes = b"x") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return file.getvalue()


# fmt: off
CASES: dict[str, tuple[str, bytes | str, int | None, str]] = {
    # what: file, content, line, message and remedy
    "commas between lines": ("t.jsonl", f"{P},\n{P},\n{P}\n", 1, COMMA),
    "a comma after the last line": ("t.jsonl", f"{P}\n{P},", 2, COMMA),
    "objects over several lines": ("t.jsonl", SPREAD * 3, 1, ONE_LINE),
    "one object over several lines": ("t.json", SPREAD, 1, ONE_LINE),
    "a long object over several lines": ("t.jsonl", SPREAD.replace("q\"", "q" * 70_000 + '"') * 2, 1, ONE_LINE),
    "Python's notation": ("t.jsonl", "{'question': 'q', 'answer': 'a'}\n" * 3, 1, PYTHON),
    "Python's notation in one line": ("t.jsonl", f"{P}\n{{'question': 'q'}}\n", 2, PYTHON),
    "Python's None": ("t.jsonl", '{"question": "q", "answer": None}\n', 1, "this is not valid JSON: None at column 29 is Python's notation. Write null."),  # noqa: E501
    "a comma before a bracket": ("t.jsonl", '{"question": "q", "answer": "a",}\n', 1, "this is not valid JSON: there is a comma before the closing bracket at column 33. Remove the comma."),  # noqa: E501
    "a quotation mark inside": ("t.jsonl", '{"question": "say "no"", "answer": "a"}\n', 1, 'this is not valid JSON: a text ends at column 20, and more follows. Write a quotation mark inside of a text as \\".'),  # noqa: E501
    "a tab inside": ("t.jsonl", '{"question": "a\tb", "answer": "a"}\n', 1, "this is not valid JSON: a text has a line break or a tab at column 16. Write them as \\n and \\t inside of a text."),  # noqa: E501
    "a single backslash": ("t.jsonl", '{"question": "C:\\p", "answer": "a"}\n', 1, "this is not valid JSON: a text has a backslash at column 17. Write a backslash as two: \\\\."),  # noqa: E501
    "typographic quotation marks": ("t.jsonl", "{“question”: “q”}\n", 1, 'this is not valid JSON: there is a typographic quotation mark at column 2. Write names and texts between straight quotes (").'),  # noqa: E501
    "a text without an end": ("t.jsonl", f"{P}\n{P[:-2]}\n{P}\n", 2, 'this is not valid JSON: the text that starts at column 29 has no closing quotation mark. Close the text.'),  # noqa: E501
    "a cut line": ("t.jsonl", f"{P}\n{P[:-3]}", 2, "the file ends in the middle of a record (a text has no closing quotation mark): it was cut off. Upload the whole file again."),  # noqa: E501
    "a CSV without a header": ("t.csv", "What is it?,A pier.\nWhat is that?,A crane.\n", 2, NO_HEADER),
    "a table called jsonl": ("t.jsonl", "question,answer\nq,a\n", 1, TABLE),
    "a table called json, with tabs": ("t.json", "question\tanswer\nq\ta\n", 1, TABLE),
    "a web page": ("t.jsonl", "\n<!DOCTYPE HTML><html>", None, f"this is a web page (HTML), not a dataset. {RAW}"),
    "a web page called csv": ("t.csv", "<html><body>404</body>", None, f"this is a web page (HTML), not a dataset. {RAW}"),  # noqa: E501
    "a table in Markdown": ("t.csv", "| Question | Answer |\n|---|:-:|\n| q | a |\n", None, MARKDOWN),
    "a table in Markdown with a heading": ("t.csv", "# FAQ\n\nQuestion | Answer\n--- | ---\nq | a\n", None, MARKDOWN),
    "a table in Markdown called jsonl": ("t.jsonl", "| Question | Answer |\n| --- | --- |\n| q | a |\n", None, MARKDOWN),  # noqa: E501
    "a table in Markdown below a paragraph": ("t.txt", "# FAQ\n\nOf the port.\n\n| Q | A |\n|---|---|\n| q | a |\n", None, MARKDOWN),  # noqa: E501
    "a grid of reStructuredText": ("t.csv", "+---+---+\n| Q | A |\n+===+===+\n| q | a |\n+---+---+\n", None, DRAWN),
    "a simple table of reStructuredText": ("t.txt", "FAQ\n\n=====  =====\nQ      A\n=====  =====\nq      a\n", None, DRAWN),  # noqa: E501
    "a directive of reStructuredText": ("t.csv", '.. csv-table:: FAQ\n   :header: question, answer\n\n   "q", "a"\n', None, DRAWN),  # noqa: E501
    "the output of psql": ("t.csv", " question | answer \n----------+--------\n q        | a\n(1 row)\n", None, DRAWN),
    "a table of a web page": ("t.csv", "<table class='x'><tr><td>q</td><td>a</td></tr></table>", None, f"this is HTML or XML, not a dataset. {FORMATS}"),  # noqa: E501
    "LaTeX": ("t.csv", "\\begin{tabular}{ll}\nq & a \\\\\n", None, f"this is a table or text in LaTeX, not a dataset. {FORMATS}"),  # noqa: E501
    "several objects on a line": ("t.json", P * 3, 1, SEVERAL),
    "a comment": ("t.json", f"// FAQ\n[{P}]", 1, "this is not valid JSON: it begins with a comment. Remove the comments."),  # noqa: E501
    "a comment with a number sign": ("t.jsonl", f"# FAQ\n{P}\n", 1, "this is not valid JSON: it begins with a comment. Remove the comments."),  # noqa: E501
    "JSON that was encoded twice": ("t.json", json.dumps(f"[{P}]"), 1, "this is JSON inside of a text: it was encoded twice. Decode it once (in Python: json.loads), and write what it holds."),  # noqa: E501
    "YAML": ("t.yaml", "- question: q\n  answer: a\n", 1, "this is not valid JSON: it looks like YAML. Write it as JSON (in Python: json.dumps(yaml.safe_load(text))), or put a document into documents/."),  # noqa: E501
    "a text": ("t.txt", "Q: How deep?\nA: Nine.\n", 1, f"this is not valid JSON: a dataset starts with '[' or '{{'. {FORMATS} Put texts into documents/ to generate questions."),  # noqa: E501
    "names apart from values": ("t.json", '{"columns": ["question", "answer"], "data": [["q", "a"]]}', 1, COLUMNS),
    "conversations of a chat program": ("t.json", '{"conversations": [{"id": 1, "source": {"body": "q"}}]}', 1, "no field holds the question: found 'conversations'. Name it with --prompt-field, or call it one of: question, prompt, instruction, query, sentence1, input, user, problem, source, q."),  # noqa: E501
    "conversations of a chat program over several lines": ("t.json", json.dumps({"type": "list", "conversations": [{"id": 1, "source": {"body": "q"}}]}, indent=1), 1, "the file is one object, and none of its lists is known to hold the records: 'conversations'. Name it with --records, or write an array of the records."),  # noqa: E501
    "a chat of WhatsApp": ("t.txt", "[12/03/24, 10:01:00] Ann: How deep?\n[12/03/24, 10:02:00] Port: Nine.\n", None, WHATSAPP),  # noqa: E501
    "a chat of WhatsApp on Android": ("t.csv", "12.03.24, 10:01 - Ann: How deep?\n12.03.24, 10:02 - Port: Nine.\n", None, WHATSAPP),  # noqa: E501
    "a message on each row": ("t.csv", "conversation_id,speaker,text\n1,customer,How deep?\n1,agent,Nine.\n", 2, 'a record is one message of a chat: it needs a question and its answer (line 1 was taken for the header). Begin with a header such as question,answer. Or: Write {"messages": [{"role": "user", "content": "..."}, {"role": "assistant", ...}]} for each conversation.'),  # noqa: E501
    "a column for each language": ("t.csv", "question_en,question_de,answer_en,answer_de\nx,y,v,w\n", 2, "several fields may hold the question: 'question_en', 'question_de' (line 1 was taken for the header). Begin with a header such as question,answer. Or: Name the right one with --prompt-field, or call it question."),  # noqa: E501
    "a pointer of Git LFS": ("t.csv", "version https://git-lfs.github.com/spec/v1\noid sha256:aa\n", None, "this is a pointer of Git LFS, not a dataset. Run `git lfs pull` and upload the file."),  # noqa: E501
    "a ZIP archive": ("t.jsonl", zipped("training.jsonl"), None, "this is a ZIP archive, not a dataset. Unpack it, and upload the file that is in it."),  # noqa: E501
    "a Word document": ("t.xlsx", zipped("word/document.xml"), None, "this is a Word document, not a dataset. Put it into documents/ to generate questions from it."),  # noqa: E501
    "an OpenDocument sheet": ("t.xlsx", zipped("content.xml"), None, "this is an OpenDocument file, not a dataset. Save it as .xlsx or as CSV UTF-8."),  # noqa: E501
    "an old workbook": ("t.xlsx", b"\xd0\xcf\x11\xe0" + bytes(80), None, "this is a workbook with a password, or an old one (.xls), not a dataset. Save it as .xlsx or as CSV UTF-8."),  # noqa: E501
    "a workbook cut off": ("t.xlsx", as_xlsx(pairs(3))[:-30], None, "the file begins as a ZIP archive or a workbook, but its index is missing: it was cut off. Upload the whole file again."),  # noqa: E501
    "a workbook that unpacks without end": ("t.xlsx", zipped("xl/workbook.xml", bytes(129 * 2**20)), None, "the workbook has 129 MiB when it is unpacked; at most 128 MiB are read. Save the sheet as CSV UTF-8."),  # noqa: E501
    "columns of lists": ("t.json", '{"question": ["q", "r"], "answer": ["a", "b"]}', 1, COLUMNS),
    "a record for each name": ("t.json", f'{{"1": {P}, "2": {P}}}', 1, "the object has a record for each name: '1', '2'. Write an array of the records (`jq '[.[]]' FILE` does)."),  # noqa: E501
    "questions about one story": ("t.json", '{"data": [{"questions": [{"input_text": "q"}], "answers": [{"input_text": "a"}]}]}', 1, "'questions' is a list of objects: a record has one question. Write a record for each question."),  # noqa: E501
    "spaces before quotes": ("t.csv", 'question, answer\n"q", "a, b"\n', 2, "the row has 3 values, the header 2 names. Remove the spaces before double quotes: behind a space, a double quote begins no text."),  # noqa: E501
    "columns of pandas": ("t.json", '{"question": {"0": "q"}, "answer": {"0": "a"}}', 1, COLUMNS),
    "a list without a known name": ("t.json", '{"faq": [{"ask": "q", "say": "a"}]}', 1, "no field holds the question: found 'faq'. 'faq' holds a list: if it has the records, name it with --records. Name it with --prompt-field, or call it one of: question, prompt, instruction, query, sentence1, input, user, problem, source, q."),  # noqa: E501
    "an image beside an answer": ("t.jsonl", '{"image": "pier.png", "answer": "a"}\n', 1, "no field holds the question: found 'image', 'answer'. 'image' is not a text, and models are tuned on texts here. Name it with --prompt-field, or call it one of: question, prompt, instruction, query, sentence1, input, user, problem, source, q."),  # noqa: E501
}
# fmt: on


def read(name: str, data: bytes | str, chunk: int = 10**6) -> CheckedFile:
    source = MemorySource(name, data.encode() if isinstance(data, str) else data, chunk)
    return convert(source, RecordLimits(model(CLAUDE), "training"), FieldNames(), MemorySink())


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("chunk", [97, 10**6])
def test_a_wrong_file_gives_one_true_finding(case, chunk):
    name, data, line, message = CASES[case]
    found = [finding for finding in read(name, data, chunk).findings.kept if finding.rule != "record-count"]
    assert [(finding.line, f"{finding.message} {finding.remedy}") for finding in found] == [(line, message)]


RIGHT = {
    "no comma between lines": ("t.jsonl", f"{P}\n{P}\n"),
    "an array over several lines": ("t.jsonl", f"[{SPREAD},{SPREAD}]"),
    "lines called csv": ("t.csv", f"{P}\n{P}\n"),
    "quotation marks and tabs that are escaped": (
        "t.jsonl",
        r'{"question": "say \"no\"\t\\", "answer": "a"}' + f"\n{P}",
    ),
    "JSON about HTML": ("t.jsonl", '{"question": "<html>?", "answer": "a"}\n' + P),
    "a table with bars": ("t.csv", "question|answer\nq|a\nr|b\n"),
    "answers with tables in Markdown": ("t.csv", 'question,answer\nq,"| a | b |\n|---|---|"\nr,b\n'),
    "a table in Markdown below a cell": ("t.csv", 'question,answer\n"q\n| a | b |\n|---|---|\n| c | d |",a\nr,b\n'),
    "a tag in the first cell": ("t.csv", "question,answer\n<table>,a\nr,b\n"),
    "plus signs": ("t.csv", "question,answer\n+---+,a\n====  ====,b\n"),
    "dashes below the header": ("t.csv", "question|answer\n-|--\nr|b\n"),
    "a header": ("t.csv", "question,answer\nq,a\nr,b\n"),
}


@pytest.mark.parametrize("case", RIGHT)
def test_the_right_file_is_read(case):
    checked = read(*RIGHT[case])
    assert [finding.rule for finding in checked.findings.kept] == ["record-count"]
    assert checked.records == 2
