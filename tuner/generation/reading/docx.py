"""Extracts the text of a Word document: the paragraphs of `word/document.xml` (ECMA-376) without hidden text.

Deleted text of tracked changes is in `w:delText` elements, which are not read. The XML is parsed while it is unpacked,
and nothing but the text is kept, so that memory does not grow with what a small file can unpack to.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import IO, NoReturn
from xml.parsers import expat

from tuner.generation.reading.unusable_document import UnusableError

_MAIN = "word/document.xml"
_MAX_UNPACKED_BYTES = 100 * 2**20
_MAX_CHARACTERS = 25_000_000
_DEEPEST = 1000
_PIECE = 2**18
_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main "
_PARAGRAPH, _RUN, _TEXT = f"{_W}p", f"{_W}r", f"{_W}t"
_VANISH = [_RUN, f"{_W}rPr", f"{_W}vanish"]
_BREAKS = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}
_SAVE_AGAIN = "Open it in Word and save it again."


def docx_text(data: bytes) -> str:
    """The paragraphs, separated by blank lines. Raises UnusableError."""
    document = _Paragraphs()
    try:
        for piece in _main_part(data):
            document.parse(piece)
        document.parse(b"", last=True)
    except expat.ExpatError as error:
        raise UnusableError(f"is damaged ({error})", _SAVE_AGAIN) from None
    return "\n\n".join(document.texts)


class _Paragraphs:
    """The paragraphs of a document, while it is parsed.

    A paragraph of a text box comes before the paragraph that the box is anchored to.
    """

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._characters = 0
        self._path: list[str] = []
        self._paragraphs: list[list[str]] = []
        self._runs: list[list[str] | None] = []  # None for a hidden run
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        # In any encoding: entities, which can stand for a text of any length, are declared in a DOCTYPE only.
        self._parser.StartDoctypeDeclHandler = _refuse_doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._data

    def parse(self, piece: bytes, last: bool = False) -> None:
        """Parses the next piece of the XML. Raises ExpatError, and UnusableError when a limit is exceeded."""
        self._parser.Parse(piece, last)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._path.append(name)
        if len(self._path) > _DEEPEST:
            raise UnusableError("is nested too deeply", _SAVE_AGAIN)
        if name == _PARAGRAPH:
            self._paragraphs.append([])
        elif name == _RUN:
            self._runs.append([])
        elif self._path[-3:] == _VANISH and attributes.get(f"{_W}val") not in ("0", "false", "off"):
            self._runs[-1] = None
        elif name in _BREAKS and self._path[-2] == _RUN:
            self._add(_BREAKS[name])

    def _end(self, name: str) -> None:
        self._path.pop()
        if name == _PARAGRAPH:
            text = "".join(self._paragraphs.pop())
            if text.strip():
                self.texts.append(text)
        elif name == _RUN:
            pieces = self._runs.pop()
            if pieces and self._paragraphs:
                self._paragraphs[-1] += pieces

    def _data(self, text: str) -> None:
        if self._path[-2:] == [_RUN, _TEXT]:
            self._add(text)

    def _add(self, text: str) -> None:
        run = self._runs[-1]
        if run is None:
            return
        run.append(text)
        self._characters += len(text)
        if self._characters > _MAX_CHARACTERS:
            raise UnusableError(f"has more than {_MAX_CHARACTERS:,} characters of text", "Split it.")


def _refuse_doctype(*_: object) -> NoReturn:
    raise UnusableError("has XML that Word does not write", _SAVE_AGAIN)


def _main_part(data: bytes) -> Iterator[bytes]:
    """The XML in pieces. Raises UnusableError when there is none, or too much of it."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if _MAIN not in archive.namelist():
                raise UnusableError("is a ZIP archive, not a Word document", "Upload the documents in it one by one.")
            with archive.open(_MAIN) as file:
                yield from _pieces(file)
    except (UnusableError, MemoryError):
        raise
    except Exception as error:  # zipfile lets errors of its decompressors through: there is no complete list of them
        raise UnusableError(f"is damaged or protected ({error})", _SAVE_AGAIN) from None


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    """A decompressed part of the archive. Raises UnusableError when there is too much of it."""
    unpacked = 0
    while piece := file.read(_PIECE):
        unpacked += len(piece)
        if unpacked > _MAX_UNPACKED_BYTES:
            most = _MAX_UNPACKED_BYTES // 2**20
            raise UnusableError(f"has more than {most} MB of text after decompression", "Split it.")
        yield piece
