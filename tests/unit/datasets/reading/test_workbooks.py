"""Workbooks: values as a person reads them, and what is hidden or marked is left out and said."""

from __future__ import annotations

import datetime

import pytest
from openpyxl import Workbook
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.comments import Comment
from openpyxl.styles import Font

from tests.unit.datasets.good_files import as_xlsx, workbook
from tests.unit.datasets.memory_files import pairs, read, rules
from tuner.settings import FieldNames

PAIRS = [{"question": f"Wie tief ist «{n}»? 日本", "answer": f"{n} Meter, 😀."} for n in range(3)]
EXPECTED = [tuple(record.values()) for record in PAIRS]


@pytest.mark.slow
def test_a_workbook_gives_its_records():
    checked, records = read("t.xlsx", as_xlsx(PAIRS))
    assert rules(checked) == []
    assert records == EXPECTED


def sheet(*rows: list) -> Workbook:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    return book


VALUES = [
    (5, None, "5"), (5.0, None, "5"), (0.25, None, "0.25"), (0.15, "0%", "15%"), (0.155, "0.00%", "15.5%"),
    (7, "00000", "00007"), (1e15, None, "1000000000000000"), (True, None, "TRUE"), ("0012", None, "0012"),
    (datetime.date(2026, 3, 1), None, "2026-03-01"),
    (datetime.datetime(2026, 3, 1, 8, 30), None, "2026-03-01 08:30:00"),
    (datetime.time(8, 30), None, "08:30:00"), ("a\nb", None, "a\nb"), (1.1, "0.00", "1.10"), (2.345, "0.00", "2.35"),
    (1234.5, "#,##0.00", "1234.50"), (1234.5, "0", "1235"), (-0.5, "0.0", "-0.5"),
]  # fmt: skip


@pytest.mark.slow
def test_values_are_the_texts_that_a_person_reads():
    book = sheet(["question", "answer"], *([f"q{row}", value] for row, (value, _, _) in enumerate(VALUES)))
    for row, (_, number_format, _) in enumerate(VALUES, 2):
        if number_format:
            book.active[f"B{row}"].number_format = number_format
    checked, records = read("t.xlsx", workbook(book))
    assert records == [(f"q{row}", text) for row, (_, _, text) in enumerate(VALUES)]
    assert rules(checked) == []


@pytest.mark.slow
def test_a_unit_that_only_the_format_has_is_said():
    book = sheet(["question", "answer"], ["q", 5])
    book.active["B2"].number_format = '0.00" EUR"'
    checked, records = read("t.xlsx", workbook(book))
    assert (records, rules(checked)) == ([("q", "5")], ["number-format"])


@pytest.mark.slow
def test_the_first_visible_sheet_is_read_and_others_are_named():
    book = sheet(["question", "answer"], ["q", "a"])
    book.create_sheet("Notes").append(["more"])
    book.create_sheet("Empty")
    hidden = book.create_sheet("Old", 0)
    hidden.append(["question", "answer"])
    hidden.sheet_state = "hidden"
    checked, records = read("t.xlsx", workbook(book))
    assert records == [("q", "a")]
    [warning] = [finding for finding in checked.findings.kept if finding.rule == "left-out-sheet"]
    assert warning.message == "only the sheet 'Sheet' is read; left out: 'Old', 'Notes'."


@pytest.mark.slow
def test_a_sheet_with_a_table_is_read_before_one_with_a_note():
    book = sheet(["Questions of the port."], ["Ask Ann."])
    for pair in (["question", "answer"], ["q", "a"]):
        book["FAQ"].append(pair) if "FAQ" in book.sheetnames else book.create_sheet("FAQ").append(pair)
    book.create_sheet("Empty", 0)
    checked, records = read("t.xlsx", workbook(book))
    assert records == [("q", "a")]
    [warning] = [finding for finding in checked.findings.kept if finding.rule == "left-out-sheet"]
    assert warning.message == "only the sheet 'FAQ' is read; left out: 'Sheet'."


@pytest.mark.slow
def test_hidden_rows_and_columns_without_a_name_are_left_out_and_said():
    book = sheet([], ["question", "answer"], ["q", "a", "extra"], ["hidden", "b"], [], ["r", "c"])
    book.active.row_dimensions[4].hidden = True
    checked, records = read("t.xlsx", workbook(book))
    assert records == [("q", "a"), ("r", "c")]
    assert sorted(rules(checked)) == ["hidden-rows", "left-out-field"]


def test_hidden_columns_are_left_out_and_said():
    book = sheet(["question", "context", "note", "answer"], ["q", "ask Ann", "n", "a"])
    book.active.column_dimensions.group("B", "C", hidden=True)
    checked, records = read("t.xlsx", workbook(book))
    assert records == [("q", "a")]
    [warning] = [finding for finding in checked.findings.kept if finding.rule == "hidden-columns"]
    assert warning.line == 1
    assert warning.message == "hidden columns are left out: 'context', 'note'."


HIDDEN = [
    (["Question", "Answer", "Old Answer"], "B", False, ("'Answer' may hold the answer", ", and 'Old Answer' is not.")),
    (["Question", "Answer", "Old Answer"], "B", True, ("'Answer' may hold the answer", ", and 'Old Answer' is not.")),
    (
        ["Question", "New Answer", "Old Answer"],
        "B",
        False,
        ("'New Answer' may hold the answer", "'Old Answer' is not."),
    ),
    (["Question", "Answer", "Category"], "B", False, ("'Answer' may hold the answer", "'Category' is not.")),
    (["Frage", "Alte Frage", "Antwort"], "A", False, ("'Frage' may hold the question", "'Alte Frage' is not.")),
    (["Question", "Answer", "Notes"], "B", False, ("'Answer' may hold the answer", "hidden or struck through.")),
]


@pytest.mark.slow
@pytest.mark.parametrize(("header", "letter", "is_struck", "words"), HIDDEN)
@pytest.mark.thorough
def test_a_guessed_column_is_refused_beside_a_hidden_one_that_may_be_meant(header, letter, is_struck, words):
    book = sheet(header, ["q", "new", "old"])
    if is_struck:
        book.active[f"{letter}1"].font = Font(strike=True)
    else:
        book.active.column_dimensions[letter].hidden = True
    checked, records = read("t.xlsx", workbook(book))
    [error] = [finding for finding in checked.findings.kept if finding.severity == "error"]
    assert (records, error.rule) == ([], "hidden-columns")
    assert all(each in error.message for each in words)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("header", "letter", "fields", "answer"),
    [
        (["Question", "Answer", "Old Answer"], "C", FieldNames(), "new"),
        (["Question", "Answer", "Old Answer"], "B", FieldNames(completion="Old Answer"), "old"),
        (["Question", "Response", "Answer"], "C", FieldNames(), "new"),
        (["Question", "Notes", "Answer of the support"], "B", FieldNames(), "old"),
        (["Question", "Source", "Category"], "B", FieldNames(), "old"),
    ],
)
@pytest.mark.thorough
def test_a_hidden_column_that_is_not_meant_refuses_nothing(header, letter, fields, answer):
    book = sheet(header, ["q", "new", "old"])
    book.active.column_dimensions[letter].hidden = True
    checked, records = read("t.xlsx", workbook(book), fields)
    assert records == [("q", answer)]
    assert "hidden-columns" in rules(checked)


def struck(text: str) -> TextBlock:
    return TextBlock(InlineFont(strike=True), text)


@pytest.mark.slow
def test_a_row_that_repeats_the_header_is_left_out_and_said():
    book = sheet(["question", "answer"], ["q", "a"], ["question", "answer"])
    checked, records = read("t.xlsx", workbook(book))
    assert (records, rules(checked)) == ([("q", "a")], ["title-row"])


def test_comments_are_left_out_and_counted():
    book = sheet(["question", "answer"], ["q", "a"], ["r", "b"])
    for cell in ("A1", "B3"):
        book.active[cell].comment = Comment("Wrong since May.", "Ann")
    checked, records = read("t.xlsx", workbook(book))
    assert records == [("q", "a"), ("r", "b")]
    [warning] = [finding for finding in checked.findings.kept if finding.rule == "cell-comment"]
    assert warning.message == "2 comments are left out, the first is at the cell A1."


@pytest.mark.slow
def test_text_that_is_struck_through_is_left_out_and_counted():
    bold = TextBlock(InlineFont(b=True), "Nine")
    book = sheet(
        ["question", "context", "answer"],
        ["q", "Pier 4.", CellRichText(struck("Six. "), bold, " m.")],
        ["r", "Pier 5.", "b"],
        ["s", "Pier 6.", "c"],
    )
    book.active["B3"].font = Font(strike=True)
    for letter in "ABC":
        book.active[f"{letter}4"].font = Font(strike=True)
    checked, records = read("t.xlsx", workbook(book))
    assert records == [("q\n\nPier 4.", "Nine m."), ("r", "b")]
    assert [finding.message for finding in checked.findings.kept if finding.rule == "struck-text"] == [
        "1 row is struck through and left out, the first is row 4.",
        "the text that is struck through in 2 of the other cells is left out, the first is C2.",
    ]


@pytest.mark.slow
def test_an_answer_of_which_everything_is_struck_through_is_empty():
    book = sheet(["question", "answer", "old answer"], ["q", CellRichText(struck("Six"), " ", struck("m")), "x"])
    book.active["C2"].font = Font(strike=True)
    checked, records = read("t.xlsx", workbook(book))
    assert records == []
    assert {"empty-text", "struck-text"} <= set(rules(checked))


@pytest.mark.slow
def test_parts_with_formats_of_their_own_are_one_text():
    bold = TextBlock(InlineFont(b=True), "deep")
    header = CellRichText(TextBlock(InlineFont(b=True), "ques"), "tion")
    book = sheet([header, "answer"], [CellRichText("How ", bold, "?\n"), "Nine. "])
    checked, records = read("t.xlsx", workbook(book))
    assert (records, rules(checked)) == ([("How deep?\n", "Nine. ")], [])


def test_a_row_with_known_names_is_the_header_also_below_rows_with_two_values():
    book = sheet(["FAQ", "version 3"], ["Customer", None, "Support"], ["Question", "Date", "Answer"], ["q", 1, "a"])
    book.active.merge_cells("A2:B2")
    checked, records = read("t.xlsx", workbook(book))
    assert records == [("q", "a")]
    titles = [finding.message for finding in checked.findings.kept if finding.rule == "title-row"]
    shown = ("FAQ, version 3", "Customer, Support")
    assert titles == [f"the row '{title}' above the header is left out." for title in shown]


def test_a_sheet_with_known_names_is_read_before_one_with_other_values():
    book = sheet(["Version", "3"], ["Date", "2026-11-01"])
    for row in (["Frage", "Antwort"], ["q", "a"]):
        book["FAQ"].append(row) if "FAQ" in book.sheetnames else book.create_sheet("FAQ").append(row)
    checked, records = read("t.xlsx", workbook(book))
    assert records == [("q", "a")]
    [warning] = [finding for finding in checked.findings.kept if finding.rule == "left-out-sheet"]
    assert warning.message == "only the sheet 'FAQ' is read; left out: 'Sheet'."


@pytest.mark.slow
def test_rows_above_the_header_are_left_out_and_said():
    book = sheet(["FAQ 2026"], [], ["Frage", "Antwort"], ["q", "a"])
    book.active.merge_cells("A1:B1")
    checked, records = read("t.xlsx", workbook(book))
    assert records == [("q", "a")]
    [warning] = [finding for finding in checked.findings.kept if finding.rule == "title-row"]
    assert (warning.line, warning.message) == (1, "the row 'FAQ 2026' above the header is left out.")
    one_column = sheet(["text"], ["Q: How deep?\nA: Nine."])
    assert read("t.xlsx", workbook(one_column))[1] == [("How deep?", "Nine.")]


@pytest.mark.slow
def test_a_merged_cell_holds_for_all_its_rows():
    book = sheet(["question", "answer", "context"], ["q", "a", "Guide."], ["r", "b"])
    book.active.merge_cells("C2:C3")
    _, records = read("t.xlsx", workbook(book))
    assert records == [("q\n\nGuide.", "a"), ("r\n\nGuide.", "b")]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("value", "words"), [("=1+1", "a formula without a stored result"), ("#N/A", "the error #N/A")]
)
def test_cells_without_a_value_are_errors(value, words):
    checked, _ = read("t.xlsx", workbook(sheet(["question", "answer"], ["q", value])))
    [error] = [finding for finding in checked.findings.kept if finding.rule == "cell-error"]
    assert (error.line, words in error.message) == (2, True)


@pytest.mark.slow
def test_a_column_twice_is_an_error():
    checked, _ = read("t.xlsx", workbook(sheet(["question", "answer", "answer"], ["q", "a", "b"])))
    assert rules(checked) == ["duplicate-field"]


@pytest.mark.slow
def test_a_large_workbook_is_read():
    checked, records = read("t.xlsx", as_xlsx(pairs(3000)))
    assert len(records) == 3000
    assert checked.ready
