"""The text of a Word document: the paragraphs of `word/document.xml` (ECMA-376), deleted and hidden ones left out."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from xml.etree import ElementTree

from tuner.generation.reading.unusable_document import UnusableError

_MAIN = "word/document.xml"
_LARGEST_UNPACKED = 100 * 2**20
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_BREAKS = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}


def docx_text(data: bytes) -> str:
    """Paragraphs, a blank line between them. Raises UnusableError."""
    xml = _main_part(data)
    if b"<!DOCTYPE" in xml[:1000]:
        raise UnusableError("holds XML that Word does not write", "Open it in Word and save it again.")
    try:
        return "\n\n".join(filter(str.strip, _paragraphs(xml)))
    except ElementTree.ParseError as error:
        raise UnusableError(f"is damaged ({error})", "Open it in Word and save it again.") from None


def _paragraphs(xml: bytes) -> Iterator[str]:
    """One after the other, so that a long document is not held as a tree; one in another's text box comes first."""
    for _, element in ElementTree.iterparse(io.BytesIO(xml)):  # noqa: S314 - entities need the DOCTYPE that is refused
        if element.tag == f"{_W}p":
            yield "".join(_texts(element))
            element.clear()


def _main_part(data: bytes) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if _MAIN not in archive.namelist():
                raise UnusableError("is a ZIP archive and no Word document", "Upload the documents in it one by one.")
            with archive.open(_MAIN) as file:
                xml = file.read(_LARGEST_UNPACKED + 1)
    except UnusableError:
        raise
    except Exception as error:  # zipfile lets through whatever its decompressors and parsers raise: no list is complete
        raise UnusableError(f"is damaged or protected ({error})", "Open it in Word and save it again.") from None
    if len(xml) > _LARGEST_UNPACKED:
        raise UnusableError(f"has more than {_LARGEST_UNPACKED // 2**20} MB of text when unpacked", "Split it.")
    return xml


def _texts(paragraph: ElementTree.Element) -> Iterator[str]:
    for run in paragraph.iter(f"{_W}r"):
        vanish = run.find(f"{_W}rPr/{_W}vanish")
        if vanish is not None and vanish.get(f"{_W}val") not in ("0", "false", "off"):
            continue
        for piece in run:
            yield (piece.text or "") if piece.tag == f"{_W}t" else _BREAKS.get(piece.tag, "")
