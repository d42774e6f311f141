"""Files of the formats that are containers, with hostile text in one of their parts.

Each function takes the text as bytes. The text stays most of the file, so that the file grows with it.
"""

from __future__ import annotations

import io
import zipfile
from functools import cache
from typing import Any

from arro3.core import Array, DataType, Table
from arro3.io import write_parquet

from tests.unit.datasets.good_files import as_xlsx

SHEET = "xl/worksheets/sheet1.xml"
STYLES = "xl/styles.xml"
_ROWS_IN_A_GROUP = 1000


def docx(document: bytes) -> bytes:
    """A Word document whose text part is the given XML."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("word/document.xml", document)
    return packed.getvalue()


@cache
def _workbook_parts() -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(as_xlsx([{"question": "a", "answer": "b"}]))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def xlsx(part: str, xml: bytes) -> bytes:
    """A workbook with two rows, of which one part is the given XML."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in (_workbook_parts() | {part: xml}).items():
            archive.writestr(name, data)
    return packed.getvalue()


def parquet(text: bytes) -> bytes:
    """A Parquet file: each line is a row, whose cells have commas in between. The first line has all columns."""
    rows = [line.split(",") for line in text.decode("utf-8", "replace").split("\n")]
    columns: dict[str, Any] = {
        f"column {number}": Array([row[number] if number < len(row) else None for row in rows], DataType.utf8())
        for number in range(len(rows[0]))
    }
    file = io.BytesIO()
    write_parquet(Table.from_pydict(columns), file, max_row_group_size=_ROWS_IN_A_GROUP)
    return file.getvalue()


def pdf_of_objects(body: bytes) -> bytes:
    """A PDF file with the given text between its header and its end."""
    return b"%PDF-1.7\n" + body + b"\ntrailer\n<< /Root 1 0 R >>\nstartxref\n0\n%%EOF\n"


def pdf_page(content: bytes) -> bytes:
    """A PDF file of one page, whose content stream is the given text."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> /XObject << /X 4 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    return pdf_of_objects(b"".join(b"%d 0 obj\n%s\nendobj\n" % pair for pair in enumerate(objects, 1)))
