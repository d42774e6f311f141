"""Decodes the first visible sheet of a workbook from standard input, in a process of its own (`decoders.process`).

A row is written as `[number, {name: text}, null]`, an issue as `[number, null, {"rule", "message", ...}]`. Values are
texts as a person reads them in the sheet: dates in ISO 8601, percentages with their sign, the results of formulas.
"""

from __future__ import annotations

import datetime
import re
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator
from typing import IO, Any
from xml.parsers import expat

from tuner.decoders.process import refuse_columns, run

_BATCH = 256
_CHUNK = 2**12
_MOST_CELLS = 5_000_000
_PLAIN_FORMAT = re.compile(r"[0#?.,E+\-@ ()_;]*|General", re.IGNORECASE)
_CARRIAGE_RETURN = re.compile(r"_x000D_\n?")
_MOST_TITLES = 5
_LOOK = "Nothing to do if that is right."


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
        book = load_workbook(file, data_only=True, keep_links=False)
    # A sheet with one cell at the end has as many as a full one, and each would become an object.
    for sheet in book.worksheets:
        if sheet.max_row * sheet.max_column > _MOST_CELLS:
            raise ValueError(f"a sheet has {sheet.max_row:,} rows and {sheet.max_column:,} columns")
    filled = [sheet for sheet in book.worksheets if any(cell.value is not None for row in sheet.rows for cell in row)]
    visible = [sheet for sheet in filled if sheet.sheet_state == "visible"]
    if not visible:
        return
    sheet = next(filter(_has_table, visible), visible[0])
    others = [other.title for other in filled if other is not sheet]
    yield from _Sheet(sheet, file).rows()
    if others:
        names = ", ".join(f"'{name}'" for name in others)
        message = f"only the sheet '{sheet.title}' is read; left out: {names}."
        yield _issue(
            None,
            "left-out-sheet",
            message,
            f"{_LOOK} Else move the right one to the first place, or save each as a file.",
        )


def _has_table(sheet: Any) -> bool:
    """Whether a row has two values. A sheet without one is a title page or a note."""
    return any(len(_values(row)) > 1 for row in sheet.rows)


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
    return [cell.value for cell in row if cell.value is not None]


class _Sheet:
    """One sheet: its header is the first row with two values, or the first with any if there is no such row.

    A row with one value above it is a title.
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
        self._formats: Counter[str] = Counter()

    def rows(self) -> Iterator[list[Any]]:
        """The rows below the header, each `[line, {column: value}, None]`; and issues, each `[line, None, issue]`.

        Rows above the header, hidden rows and values of columns without a name are left out with a warning.
        """
        rows = [row for row in self._sheet.rows if any(cell.value is not None for cell in row)]
        titles = next((at for at, row in enumerate(rows[: _MOST_TITLES + 1]) if len(_values(row)) > 1), 0)
        for row in rows[:titles]:
            message = f"the row '{str(_values(row)[0])[:60]}' above the header is left out."
            yield _issue(row[0].row, "title-row", message, _LOOK)
        header, *rows = rows[titles:]
        names = {cell.column: " ".join(str(cell.value).split()) for cell in header if cell.value is not None}
        refuse_columns(len(names))
        if twice := [name for name, count in Counter(names.values()).items() if count > 1]:
            message = f"the header has the column '{twice[0]}' more than once."
            yield _issue(header[0].row, "duplicate-field", message, "Give every column its own name.", "error")
            return
        hidden: list[int] = []
        unnamed: set[str] = set()
        for row in rows:
            if self._sheet.row_dimensions[row[0].row].hidden:
                hidden.append(row[0].row)
                continue
            unnamed |= {cell.column_letter for cell in row if cell.value is not None and cell.column not in names}
            yield self._row(row, names)
        yield from self._warnings(hidden, unnamed)

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
                values[names[cell.column]] = self._text(shown, names[cell.column])
        return [row[0].row, values, None]

    def _is_formula(self, cell: Any) -> bool:
        """Whether an empty cell has a formula. The workbook is read again for that, at the first empty cell."""
        from openpyxl import load_workbook

        if self._formulas is None:
            self._file.seek(0)
            self._formulas = load_workbook(self._file, keep_links=False)[self._sheet.title]
        return bool(self._formulas[cell.coordinate].data_type == "f")

    def _text(self, cell: Any, name: str) -> str:
        value = cell.value
        if value is None:
            return ""
        if isinstance(value, bool):
            return str(value).upper()
        if isinstance(value, int | float):
            return self._number(value, cell.number_format or "General", name)
        if isinstance(value, datetime.datetime):
            whole_day = value.time() == datetime.time()
            return value.date().isoformat() if whole_day else value.isoformat(" ", "seconds")
        if isinstance(value, datetime.date | datetime.time):
            return value.isoformat()
        return _CARRIAGE_RETURN.sub("\n", str(value))

    def _number(self, value: float, number_format: str, name: str) -> str:
        digits = str(int(value)) if value == int(value) and abs(value) < 1e21 else f"{value:.15g}"
        if set(number_format) == {"0"}:
            return digits.zfill(len(number_format))
        if re.fullmatch(r"0(?:\.0+)?%", number_format):
            return f"{value * 100:.15g}%"
        if not _PLAIN_FORMAT.fullmatch(number_format):
            self._formats[name] += 1
        return digits

    def _warnings(self, hidden: list[int], unnamed: set[str]) -> Iterator[list[Any]]:
        if hidden:
            message = f"{len(hidden):,} hidden rows are left out, the first is row {hidden[0]}."
            yield _issue(hidden[0], "hidden-rows", message, f"{_LOOK} Else show them (remove the filter) and save.")
        for letter in sorted(unnamed):
            message = f"the column {letter} has no name in the header and is left out."
            yield _issue(None, "left-out-field", message, f"{_LOOK} Else give it a name.")
        for name, count in self._formats.items():
            message = f"{count:,} numbers of '{name}' are shown with a unit or a currency; only the numbers are read."
            yield _issue(None, "number-format", message, "If the unit matters, write it into the cell as text.")


if __name__ == "__main__":
    run(batches)
