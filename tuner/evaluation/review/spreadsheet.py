"""Writes the questions to review as a CSV file, and reads people's scores from it."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from tuner.artifacts.evaluation.contestants import BASE, TUNED, ContestantName
from tuner.artifacts.evaluation.people import UNNAMED, Given, PeopleScores, ReviewSheet
from tuner.artifacts.evaluation.scores import ReviewCandidate
from tuner.core.errors import EvaluationError
from tuner.core.text_sanitizer import shown_name, spreadsheet_cell
from tuner.datasets.reading.budget import MAX_RECORD_BYTES
from tuner.evaluation.grading.graded_items import GradedItem, GradedItemSet

_SCORES = ("score_1", "score_2")
COLUMNS = ("id", "why", "question", "reference", "answer_1", "answer_2", *_SCORES, "comment")
# The column with the name of the sheet. The sheet, in the run's folder, records whose answer is shown first.
_SHEET = "sheet"
# The column that the review page adds: who gave the scores.
_REVIEWER = "reviewer"
# The column that says which of several answers to a question the sheet shows, before the answers. Sheets with one
# answer to each question have none.
_SHOWN = "shown"
_ANSWERS = COLUMNS.index("answer_1")
# The reasons would say which answer is the tuned model's, and a reader of a sample must not know what is flagged.
_NO_REASON = "drawn at random"
# Limits of a message about a file that people send back: its findings, and the characters of a cell.
_MOST_FINDINGS, _MOST_OF_A_CELL = 20, 40
_MOST_LINES = 5

FindSheet = Callable[[str], ReviewSheet | None]


def no_sheets(_: str) -> None:
    """Finds no sheet: all answers are in the order of `answer_order`."""


def review_sheet(items: GradedItemSet, candidates: Sequence[ReviewCandidate], answers_each: int = 1) -> str:
    """review.csv: one row per candidate. People fill in the two scores, whole numbers from 1 to 10.

    `answers_each` is how many answers each model gave to each question: the sheet shows the first, and says so.
    """
    rows = (("; ".join(candidate.reasons), candidate.id, answer_order(candidate.id)) for candidate in candidates)
    return _csv(items, rows, answers_each)


def sample_sheet(items: GradedItemSet, sheet: ReviewSheet) -> str:
    """The same for the questions of a sheet, with its name in each row."""
    rows = ((_NO_REASON, key, sheet.order(key)) for key in sheet.first)
    return _csv(items, rows, sheet.answers_each, sheet.name)


def _csv(
    items: GradedItemSet,
    rows: Iterable[tuple[str, str, tuple[ContestantName, ...]]],
    each: int,
    sheet: str | None = None,
) -> str:
    by_id = {item.id: item for item in items.items}
    said = {_SHOWN: f"the first of {each} answers of each model: score that one"} if each > 1 else {}
    more = {} if sheet is None else {_SHEET: sheet}
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([*COLUMNS[:_ANSWERS], *said, *COLUMNS[_ANSWERS:], *more])
    for why, key, order in rows:
        item = by_id[key]
        asked = (key, why, item.question, item.references, *said.values())
        cells = (*asked, *shown_answers(item, order), "", "", "", *more.values())
        writer.writerow([spreadsheet_cell(cell) for cell in cells])
    return text.getvalue()


def count_rows(data: bytes) -> int:
    """The questions of a sheet that was written here."""
    csv.field_size_limit(MAX_RECORD_BYTES)
    return sum(1 for _ in csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


def shown_answers(item: GradedItem, order: Iterable[ContestantName]) -> list[str]:
    """The answers in the order in which a reader sees them."""
    return [item.answers[name] or "(no answer)" for name in order]


def answer_order(key: str) -> tuple[ContestantName, ContestantName]:
    """Whose answer review.csv shows first. The question's id decides, so that the position tells nothing.

    review.csv is written when the run is scored and has no sheet. Whoever knows this rule could tell the models apart;
    a sheet's order is secret.
    """
    return (BASE, TUNED) if hashlib.sha256(key.encode()).digest()[0] % 2 else (TUNED, BASE)


def read_review(
    text: str,
    known: Collection[str],
    file: str = "review.csv",
    find_sheet: FindSheet = no_sheets,
    reviewer: str = UNNAMED,
) -> PeopleScores:
    """The scores that people filled in. Rows without a score are skipped.

    `reviewer` gave the scores of rows that name nobody. Raises EvaluationError with the first findings, one per line: a
    missing column, an id or a sheet that is not known, a wrong score, a question that one person scored twice, or no
    score at all.
    """
    try:
        return _read(text, known, file, find_sheet, reviewer)
    except csv.Error as error:
        raise EvaluationError(f"{file} is no table that can be read: {error}. Export it again.") from None


def _read(text: str, known: Collection[str], file: str, find_sheet: FindSheet, reviewer: str) -> PeopleScores:
    csv.field_size_limit(MAX_RECORD_BYTES)  # Python's own limit is less than an answer may have
    plain = text.removeprefix("\ufeff")
    header = plain.partition("\n")[0]
    separator = ";" if header.count(";") > header.count(",") else ","  # Some spreadsheets write semicolons.
    reader = csv.DictReader(io.StringIO(plain), delimiter=separator)
    missing = [name for name in ("id", *_SCORES) if name not in (reader.fieldnames or ())]
    if missing:
        raise EvaluationError(
            f"{file}, line 1: there is no column {', '.join(missing)}. Keep the header of the exported file."
        )
    rows = _Rows(known, find_sheet)
    # The lines with the same finding, by its text.
    findings: dict[str, list[int]] = defaultdict(list)
    for row in reader:
        try:
            rows.add(row, reviewer)
        except ValueError as error:
            findings[str(error)].append(reader.line_num)
    if not rows.found and rows.unknown and rows.unknown == sum(map(len, findings.values())):
        raise EvaluationError(
            f"{file} is for other questions: none of its {rows.unknown:,} rows with a score has the id of a question "
            "that was evaluated here. Use the file that was exported from this evaluation."
        )
    if findings:
        told = [f"{file}, {_lines(lines)}: {text}" for text, lines in findings.items()]
        more = [f"{len(told) - _MOST_FINDINGS:,} more findings are not shown."] if len(told) > _MOST_FINDINGS else []
        raise EvaluationError("\n".join([*told[:_MOST_FINDINGS], *more]))
    if not rows.found:
        raise EvaluationError(f"{file} has no score yet. Fill in score_1 or score_2 (1 to 10) of at least one row.")
    return rows.found


def _lines(numbers: Sequence[int]) -> str:
    """`line 3`, or `lines 3, 4 and 7 more`."""
    shown = ", ".join(f"{number:,}" for number in numbers[:_MOST_LINES])
    rest = len(numbers) - _MOST_LINES
    return f"line{'' if len(numbers) == 1 else 's'} {shown}{f' and {rest:,} more' if rest > 0 else ''}"


class _Rows:
    """The rows of one file, put together by question and reviewer."""

    def __init__(self, known: Collection[str], find_sheet: FindSheet) -> None:
        self.found: PeopleScores = {}
        self.unknown = 0
        """Rows with a score for a question that is not known."""
        # What a spreadsheet has in the place of an id that it would take for a formula.
        self._ids = {text: key for key in known for text in (spreadsheet_cell(key).strip(), key.strip())}
        self._find_sheet = find_sheet
        self._sheets: dict[str, ReviewSheet | None] = {}

    def add(self, row: Mapping[str, str | None], reviewer: str) -> None:
        """Adds a row. Raises ValueError that says what is wrong with it."""
        given = [_cell(row, column) for column in _SCORES]
        if not any(given):
            return
        text = _cell(row, "id")
        if text not in self._ids:
            self.unknown += 1
            raise ValueError(f"there is no question {text[:_MOST_OF_A_CELL]!r} here.")
        # The name is stored, and the report and its notification show it.
        key, name = self._ids[text], shown_name(_cell(row, _REVIEWER)) or shown_name(reviewer) or UNNAMED
        scores: Given = {model: _score(text) for model, text in zip(self._order(row, key), given, strict=True) if text}
        if name in self.found.setdefault(key, {}):
            raise ValueError(f"the question {key[:_MOST_OF_A_CELL]!r} is in the file twice.")
        self.found[key][name] = scores

    def _order(self, row: Mapping[str, str | None], key: str) -> tuple[ContestantName, ContestantName]:
        name = _cell(row, _SHEET)
        if not name:
            return answer_order(key)
        if name not in self._sheets:
            self._sheets[name] = self._find_sheet(name)
        sheet = self._sheets[name]
        if sheet is None:
            raise ValueError(
                f"no sheet {name[:_MOST_OF_A_CELL]!r} was exported here. Import the file where it was exported."
            )
        if key not in sheet.first:
            raise ValueError(f"the sheet {name!r} does not ask about the question {key[:_MOST_OF_A_CELL]!r}.")
        return sheet.order(key)


def _cell(row: Mapping[str, str | None], column: str) -> str:
    return (row.get(column) or "").strip()


def _score(text: str) -> int:
    # `isdigit` alone accepts digits that `int` refuses, such as a superscript two.
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 10:
        raise ValueError(f"a score is a whole number from 1 to 10, not {text[:_MOST_OF_A_CELL]!r}.")
    return int(text)
