"""Workbooks whose XML was made to harm: entities, files outside of the workbook, and texts or sheets without end."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.datasets.good_files import as_xlsx
from tests.unit.datasets.memory_files import pairs, read

pytestmark = pytest.mark.slow

SHARED, SHEET, BOOK = "xl/sharedStrings.xml", "xl/worksheets/sheet1.xml", "xl/workbook.xml"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"


def workbook(strings: list[str], change: Callable[[str, str], str] = lambda _, text: text) -> bytes:
    """A workbook with a header and one record, whose texts are the shared strings. `change` gets each part."""
    cells = [
        f'<c r="{column}{row}" t="s"><v>{2 * row - 2 + at}</v></c>' for row in (1, 2) for at, column in enumerate("AB")
    ]
    rows = [f'<row r="{row}">{"".join(cells[2 * row - 2 : 2 * row])}</row>' for row in (1, 2)]
    with zipfile.ZipFile(io.BytesIO(as_xlsx(pairs(1)))) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    parts[SHARED] = f'<sst xmlns="{MAIN}">{"".join(f"<si><t>{text}</t></si>" for text in strings)}</sst>'
    parts[SHEET] = f'<worksheet xmlns="{MAIN}"><sheetData>{"".join(rows)}</sheetData></worksheet>'
    relation = f'<Relationship Id="rIdShared" Type="{RELATION}" Target="sharedStrings.xml"/></Relationships>'
    parts["xl/_rels/workbook.xml.rels"] = parts["xl/_rels/workbook.xml.rels"].replace("</Relationships>", relation)
    kind = f'<Override PartName="/{SHARED}" ContentType="{KIND}"/></Types>'
    parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace("</Types>", kind)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, change(name, text))
    return file.getvalue()


HEADER = ["question", "answer"]
ENTITIES = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
BOMB = f'<!DOCTYPE x [<!ENTITY e0 "ha">{ENTITIES}]>'


def with_doctype(part: str, doctype: str) -> Callable[[str, str], str]:
    def change(name: str, text: str) -> str:
        if name != part:
            return text
        declaration, _, rest = text.rpartition("?>")
        return f"{declaration}?>{doctype}{rest}" if declaration else doctype + text

    return change


def test_shared_texts_are_read() -> None:
    assert read("t.xlsx", workbook([*HEADER, "How deep?", "Nine."]))[1] == [("How deep?", "Nine.")]


@pytest.mark.parametrize("part", [SHARED, SHEET, BOOK, "xl/styles.xml", "[Content_Types].xml"])
def test_a_part_with_a_doctype_is_refused(part: str) -> None:
    checked, records = read("t.xlsx", workbook([*HEADER, "How deep?", "Nine."], with_doctype(part, BOMB)))
    [error] = [finding for finding in checked.findings.kept if finding.severity == "error" and finding.rule == "xlsx"]
    assert records == []
    assert f"its part {part} has a DOCTYPE, which may declare entities" in error.message


@pytest.mark.parametrize("text", ["&e9;", "&file;"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_never_expanded(text: str, encoding: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret")
    doctype = BOMB.replace("]>", f'<!ENTITY file SYSTEM "{secret.as_uri()}">]>')
    data = workbook([*HEADER, "How deep?", text], with_doctype(SHARED, doctype))
    if encoding != "utf-8":
        data = rewritten(
            data, SHARED, lambda part: f'<?xml version="1.0" encoding="{encoding}"?>{part}'.encode(encoding)
        )
    checked, records = read("t.xlsx", data)
    assert records == []
    assert "has a DOCTYPE" in str(checked.findings.kept)
    assert "the secret" not in str(checked.findings.kept)


def rewritten(data: bytes, part: str, change: Callable[[str], bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content.decode()) if name == part else content)
    return file.getvalue()


def test_a_shared_text_without_end_gives_a_finding() -> None:
    checked, records = read("t.xlsx", workbook([*HEADER, "How deep?", "x" * 20 * 2**20]))
    assert records == []
    assert [finding.rule for finding in checked.findings.kept if finding.line] == ["record-tokens"]


def test_a_text_that_is_not_there_gives_a_finding() -> None:
    checked, records = read("t.xlsx", workbook([*HEADER, "How deep?"]))
    assert records == []
    assert checked.findings.errors


def test_a_cell_at_the_end_of_the_sheet_gives_a_finding() -> None:
    def far(name: str, text: str) -> str:
        return re.sub(r'r="(A|B)?2"', lambda match: f'r="{match[1] and "XFD"}1048576"', text) if name == SHEET else text

    checked, records = read("t.xlsx", workbook([*HEADER, "How deep?", "Nine."], far))
    assert records == []
    assert "cannot be read" in str(checked.findings.kept)
