"""Reads the first sheet of an XLSX workbook. The line of a finding is the number of the sheet's row.

The bytes are stored in a temporary file, because a ZIP archive has its index at the end. Another process (`xlsx_rows`)
decodes it with openpyxl, which is pure Python. An archive that is too large is refused by the sizes in its index.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Iterator
from typing import IO, Any

from tuner.datasets.field_and_role_names import ANSWERS, LABELLED_TEXTS, LABELS, QUESTIONS, normal
from tuner.datasets.findings import Issue
from tuner.datasets.reading.budget import UnreadableError
from tuner.datasets.reading.decoded.process import decoded, stored
from tuner.datasets.reading.rows import BadRow, Block, Row, RowBlock, is_repeated_header, repeated_header

MAGIC = b"PK\x03\x04"
_MOST_BYTES = 64 * 2**20
# openpyxl needs about ten times the size of a sheet's XML.
_MOST_UNPACKED = 128 * 2**20
_CSV = "Save the sheet as CSV UTF-8."
_OTHER_ARCHIVES = (
    ("xl/workbook.bin", "a binary workbook (.xlsb)", "Save it as .xlsx or as CSV UTF-8."),
    ("content.xml", "an OpenDocument file", "Save it as .xlsx or as CSV UTF-8."),
    ("word/document.xml", "a Word document", "Put it into documents/ to generate questions from it."),
    ("ppt/presentation.xml", "a presentation", "Put its text into documents/ to generate questions from it."),
)
# The names of questions and of answers, by which the other process finds the header.
_HEADERS = json.dumps(
    [
        sorted({normal(name) for name in (*QUESTIONS, *LABELLED_TEXTS)}),
        sorted({normal(name) for name in (*ANSWERS, *LABELS)}),
    ]
)


def blocks(chunks: Iterator[bytes]) -> Iterator[Block]:
    """Rows as dictionaries of texts. Raises UnreadableError when the file is damaged, too large or another archive."""
    with tempfile.TemporaryFile() as file:
        stored(chunks, file, "XLSX", _MOST_BYTES)
        _check_archive(file)
        file.seek(0)
        for batch in decoded("xlsx_rows", file, _broken, _HEADERS):
            left_out = [name for _, _, issue in batch if issue for name in issue.pop("columns", ())]
            rows = tuple(map(_row, batch))
            yield RowBlock(rows, header="the first row with two values", left_out_columns=tuple(left_out))


def _check_archive(file: IO[bytes]) -> None:
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
    # A damaged index raises any of these: an offset before the file's start, or a file that is split into parts.
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        message = "the file begins as a ZIP archive or a workbook, but its index is missing: it was cut off."
        raise UnreadableError(None, Issue("truncated", message, "Upload the whole file again.")) from None
    names = {member.filename for member in members}
    for name, what, remedy in _OTHER_ARCHIVES:
        if name in names:
            raise UnreadableError(None, Issue("file-format", f"this is {what}, not a dataset.", remedy))
    if not any(name.endswith("workbook.xml") for name in names):
        remedy = "Unpack it, and upload the file that is in it."
        raise UnreadableError(None, Issue("file-format", "this is a ZIP archive, not a dataset.", remedy))
    unpacked = sum(member.file_size for member in members)
    if unpacked > _MOST_UNPACKED:
        size, most = unpacked // 2**20, _MOST_UNPACKED // 2**20
        message = f"the workbook has {size:,} MiB when it is unpacked; at most {most} MiB are read."
        raise UnreadableError(None, Issue("file-size", message, _CSV))


def _row(entry: list[Any]) -> Row | BadRow:
    """A row as the other process writes it: its number and values, or an issue."""
    line, values, issue = entry
    if issue is None:
        return BadRow(line, repeated_header()) if is_repeated_header(values) else Row(line, values)
    if issue.pop("ends"):
        raise UnreadableError(line, Issue(**issue))
    return BadRow(line, Issue(**issue))


def _broken(problem: str) -> UnreadableError:
    return UnreadableError(None, Issue("xlsx", f"the workbook cannot be read: {problem}.", _CSV))
