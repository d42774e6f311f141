"""Decodes the first visible sheet of a workbook from standard input, in a process of its own (`decoders.process`).

A row is written as `[number, {name: text}, null]`, an issue as `[number, null, {"rule", "message", ...}]`. Values are
texts as a person reads them in the sheet: dates in ISO 8601, percentages with their sign, the results of formulas.
"""

from __future__ import annotations

import itertools
import json
import sys
import unicodedata
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator
from typing import IO, Any
from xml.parsers import expat

from tuner.decoders.process import refuse_columns, run
from tuner.decoders.xlsx_cells import CellTexts, has_struck_text, value_of

_BATCH = 256
_CHUNK = 2**12
_MOST_CELLS = 5_000_000
_MOST_TITLES = 5
_LOOK = "Nothing to do if that is right."
_REMOVE_LINE = "Else remove the line through the text and save."


def batches(file: IO[bytes]) -> Iterator[list[Any]]:
    """The rows in batches."""
    batch: list[Any] = []
    for row in _rows(file):
        batch.append(row)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _rows(file: IO[bytes]) -> Iterator[list[Any]]:
    """The rows of the first visible sheet with a table, as `_Sheet.rows` yields them. A warning names other sheets.

    Raises ValueError for a sheet with too many cells, and openpyxl's errors for a damaged file.
    """
    from openpyxl import load_workbook

    _refuse_document_types(file)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of parts that are not read, such as data validation
        book = load_workbook(file, data_only=True, keep_links=False, rich_text=True)
    # A sheet with one cell at the end has as many as a full one, and each would become an object.
    for sheet in book.worksheets:
        if sheet.max_row * sheet.max_column > _MOST_CELLS:
            raise ValueError(f"a sheet has {sheet.max_row:,} rows and {sheet.max_column:,} columns")
    filled = [sheet for sheet in book.worksheets if any(cell.value is not None for row in sheet.rows for cell in row)]
    visible = [sheet for sheet in filled if sheet.sheet_state == "visible"]
    if not visible:
        return
    with_header = (sheet for sheet in visible if _header_at(sheet) is not None)
    sheet = next(with_header, None) or next(filter(_has_table, visible), visible[0])
    others = [other.title for other in filled if other is not sheet]
    yield from _Sheet(sheet, file).rows()
    if others:
        names = ", ".join(f"'{name}'" for name in others)
        message = f"only the sheet '{sheet.title}' is read; left out: {names}."
        yield _issue(
            None,
            "left-out-sheet",
            message,
            f"{_LOOK} Else hide the others, or save each as a file.",
        )


def _has_table(sheet: Any) -> bool:
    """Whether a row has two values. A sheet without one is a title page or a note."""
    return any(len(_values(row)) > 1 for row in sheet.rows)


def _filled_rows(sheet: Any) -> Iterator[Any]:
    return (row for row in sheet.rows if any(cell.value is not None for cell in row))


def _header_at(sheet: Any) -> int | None:
    """Which of the first rows with a value has the names of a question and of an answer; None if there is none."""
    known = [frozenset(names) for names in json.loads(sys.argv[1])] if len(sys.argv) > 1 else []
    for at, row in enumerate(itertools.islice(_filled_rows(sheet), _MOST_TITLES + 1)):
        names = {_plain(value) for value in _values(row) if isinstance(value, str)}
        if known and all(names & each for each in known):
            return at
    return None


def _plain(name: str) -> str:
    return "_".join(unicodedata.normalize("NFKC", name).casefold().strip(" :?*").replace("_", " ").split())


def _refuse_document_types(file: IO[bytes]) -> None:
    """Raises ValueError for a part with a DOCTYPE, which no spreadsheet program writes.

    Only there can a part declare entities: texts that grow without end, or that stand in other files.
    """
    with zipfile.ZipFile(file) as archive:
        for part in (name for name in archive.namelist() if name.endswith((".xml", ".rels"))):
            with archive.open(part) as data:
                if _has_document_type(data):
                    raise ValueError(f"its part {part} has a DOCTYPE, which may declare entities")
    file.seek(0)


def _has_document_type(data: IO[bytes]) -> bool:
    """Whether there is a DOCTYPE before the root element, the only place where XML allows one. In any encoding."""
    found: list[bool] = []
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = lambda *_: found.append(True)
    parser.StartElementHandler = lambda *_: found.append(False)
    try:
        while not found and (chunk := data.read(_CHUNK)):
            parser.Parse(chunk)
    except expat.ExpatError:
        pass  # openpyxl says what is wrong with the part, if it reads it at all
    return bool(found) and found[0]


def _issue(line: int | None, rule: str, message: str, remedy: str, severity: str = "warning") -> list[Any]:
    ends = rule == "duplicate-field"  # without a header, no row can be read
    issue = {"rule": rule, "message": message, "remedy": remedy, "severity": severity, "ends": ends}
    return [line or 1, None, issue]


def _values(row: Any) -> list[Any]:
    return [value for cell in row if (value := value_of(cell)) is not None]


class _Sheet:
    """One sheet. Its header is the first row with the names of a question and an answer.

    Without known names, it is the first row with two values, or the first with any. Rows above it are titles.
    """

    def __init__(self, sheet: Any, file: IO[bytes]) -> None:
        self._sheet = sheet
        self._file = file
        self._formulas: Any = None
        self._merged = {
            (row, area.min_col): area.start_cell
            for area in sheet.merged_cells.ranges
            for row in range(area.min_row + 1, area.max_row + 1)
        }
        self._texts = CellTexts()
        self._left_out_columns: set[int] = set()
        self._unnamed: set[str] = set()
        self._hidden_rows: list[int] = []
        self._struck_rows: list[int] = []
        self._struck_cells: list[str] = []
        self._comments: list[str] = []

    def rows(self) -> Iterator[list[Any]]:
        """The rows below the header, each `[line, {column: value}, None]`; and issues, each `[line, None, issue]`.

        Left out with a warning are rows above the header, what is hidden or struck through, columns without a name,
        and comments.
        """
        rows = list(_filled_rows(self._sheet))
        titles = _header_at(self._sheet)
        if titles is None:
            titles = next((at for at, row in enumerate(rows[: _MOST_TITLES + 1]) if len(_values(row)) > 1), 0)
        for row in rows[:titles]:
            message = f"the row '{', '.join(map(str, _values(row)))[:60]}' above the header is left out."
            yield _issue(row[0].row, "title-row", message, _LOOK)
        header, *rows = rows[titles:]
        names = {cell.column: _name(cell) for cell in header if cell.value is not None}
        yield from self._without_columns(names, header)
        refuse_columns(len(names))
        if twice := [name for name, count in Counter(names.values()).items() if count > 1]:
            message = f"the header has the column '{twice[0]}' more than once."
            yield _issue(header[0].row, "duplicate-field", message, "Give every column its own name.", "error")
            return
        self._count_marks(header)
        for row in rows:
            if self._sheet.row_dimensions[row[0].row].hidden:
                self._hidden_rows.append(row[0].row)
            elif not _values(row):
                self._struck_rows.append(row[0].row)
            else:
                self._count_marks(row)
                self._unnamed |= {
                    cell.column_letter
                    for cell in row
                    if cell.value is not None and cell.column not in names.keys() | self._left_out_columns
                }
                yield self._row(row, names)
        yield from self._warnings()

    def _without_columns(self, names: dict[int, str], header: Any) -> Iterator[list[Any]]:
        """Removes hidden columns, and those whose name is struck through, from `names`. Yields a warning for each kind.

        The warning has their names: a column beside them may have to be read in another way.
        """
        # Hidden neighbours of one format share an entry.
        entries = (each for each in self._sheet.column_dimensions.values() if each.hidden)
        hidden = {number for each in entries for number in range(each.min, each.max + 1)}
        struck = {cell.column for cell in header if cell.value is not None and value_of(cell) is None} - hidden
        self._left_out_columns = hidden | struck
        for columns, rule, what, remedy in (
            (hidden, "hidden-columns", "hidden columns", "show them"),
            (struck, "struck-text", "columns whose names are struck through", "remove the line through their names"),
        ):
            if found := [names.pop(column) for column in sorted(columns & names.keys())]:
                listed = ", ".join(f"'{name[:60]}'" for name in found)
                message = f"{what} are left out: {listed}."
                warning = _issue(header[0].row, rule, message, f"{_LOOK} Else {remedy} and save.")
                warning[2]["columns"] = found
                yield warning

    def _count_marks(self, row: Any) -> None:
        """Notes the visible cells of the row that have a comment, or text that is struck through."""
        for cell in row:
            if cell.column not in self._left_out_columns:
                self._comments += [cell.coordinate] if cell.comment else []
                self._struck_cells += [cell.coordinate] if has_struck_text(cell) else []

    def _row(self, row: Any, names: dict[int, str]) -> list[Any]:
        values = {}
        for cell in row:
            if cell.column in names:
                shown = self._merged.get((cell.row, cell.column), cell)
                if shown.data_type == "e":
                    message = f"the cell {cell.coordinate} has the error {shown.value}."
                    return _issue(cell.row, "cell-error", message, "Correct the formula, or remove the row.", "error")
                if shown.value is None and self._is_formula(shown):
                    message = f"the cell {cell.coordinate} has a formula without a stored result."
                    remedy = "Open the workbook in a spreadsheet program and save it, so that results are stored."
                    return _issue(cell.row, "cell-error", message, remedy, "error")
                values[names[cell.column]] = self._texts.text(shown, names[cell.column])
        return [row[0].row, values, None]

    def _is_formula(self, cell: Any) -> bool:
        """Whether an empty cell has a formula. The workbook is read again for that, at the first empty cell."""
        from openpyxl import load_workbook

        if self._formulas is None:
            self._file.seek(0)
            self._formulas = load_workbook(self._file, keep_links=False)[self._sheet.title]
        return bool(self._formulas[cell.coordinate].data_type == "f")

    def _warnings(self) -> Iterator[list[Any]]:
        if rows := self._hidden_rows:
            message = f"{_counted(rows, 'hidden row')} left out, the first is row {rows[0]}."
            yield _issue(rows[0], "hidden-rows", message, f"{_LOOK} Else show them (remove the filter) and save.")
        if rows := self._struck_rows:
            message = f"{_counted(rows, 'row')} struck through and left out, the first is row {rows[0]}."
            yield _issue(rows[0], "struck-text", message, f"{_LOOK} {_REMOVE_LINE}")
        if cells := self._struck_cells:
            message = f"the text that is struck through in {len(cells):,} of the other cells is left out,"
            yield _issue(None, "struck-text", f"{message} the first is {cells[0]}.", f"{_LOOK} {_REMOVE_LINE}")
        if cells := self._comments:
            message = f"{_counted(cells, 'comment')} left out, the first is at the cell {cells[0]}."
            yield _issue(None, "cell-comment", message, f"{_LOOK} Else write what they say into the cells.")
        for letter in sorted(self._unnamed):
            message = f"the column {letter} has no name in the header and is left out."
            yield _issue(None, "left-out-field", message, f"{_LOOK} Else give it a name.")
        for name, count in self._texts.units.items():
            message = f"{count:,} numbers of '{name}' are shown with a unit or a currency; only the numbers are read."
            yield _issue(None, "number-format", message, "If the unit matters, write it into the cell as text.")


def _name(cell: Any) -> str:
    value = value_of(cell)
    return " ".join(str(cell.value if value is None else value).split())


def _counted(found: list[Any], what: str) -> str:
    return f"{len(found):,} {what} is" if len(found) == 1 else f"{len(found):,} {what}s are"


if __name__ == "__main__":
    run(batches)
