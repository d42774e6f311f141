"""Extracts the text of a Word document: the paragraphs of `word/document.xml` (ECMA-376) without hidden text.

Deleted text of tracked changes is in `w:delText` elements, which are not read.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from xml.etree import ElementTree

from tuner.generation.reading.unusable_document import UnusableError

_MAIN = "word/document.xml"
_MAX_UNPACKED_BYTES = 100 * 2**20
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_BREAKS = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}


def docx_text(data: bytes) -> str:
    """The paragraphs, separated by blank lines. Raises UnusableError."""
    xml = _main_part(data)
    if b"<!DOCTYPE" in xml[:1000]:
        raise UnusableError("has XML that Word does not write", "Open it in Word and save it again.")
    try:
        return "\n\n".join(filter(str.strip, _paragraphs(xml)))
    except ElementTree.ParseError as error:
        raise UnusableError(f"is damaged ({error})", "Open it in Word and save it again.") from None


def _paragraphs(xml: bytes) -> Iterator[str]:
    """Yields paragraphs while parsing, so that the tree of a long document is never in memory as a whole.

    A paragraph of a text box comes before the paragraph that the box is anchored to.
    """
    for _, element in ElementTree.iterparse(io.BytesIO(xml)):  # noqa: S314 - entities need the DOCTYPE that is refused
        if element.tag == f"{_W}p":
            yield "".join(_texts(element))
            element.clear()


def _main_part(data: bytes) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if _MAIN not in archive.namelist():
                raise UnusableError("is a ZIP archive, not a Word document", "Upload the documents in it one by one.")
            with archive.open(_MAIN) as file:
                xml = file.read(_MAX_UNPACKED_BYTES + 1)
    except UnusableError:
        raise
    except Exception as error:  # zipfile lets errors of its decompressors through: there is no complete list of them
        raise UnusableError(f"is damaged or protected ({error})", "Open it in Word and save it again.") from None
    if len(xml) > _MAX_UNPACKED_BYTES:
        raise UnusableError(f"has more than {_MAX_UNPACKED_BYTES // 2**20} MB of text after decompression", "Split it.")
    return xml


def _texts(paragraph: ElementTree.Element) -> Iterator[str]:
    for run in paragraph.iter(f"{_W}r"):
        vanish = run.find(f"{_W}rPr/{_W}vanish")
        if vanish is not None and vanish.get(f"{_W}val") not in ("0", "false", "off"):
            continue
        for piece in run:
            yield (piece.text or "") if piece.tag == f"{_W}t" else _BREAKS.get(piece.tag, "")
