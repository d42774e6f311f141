"""Splits documents into chunks that fit into one request.

Bedrock accepts 5 documents of 4.5 MB each in a request. A request here has one chunk, so only the size limit matters,
and only for pages of a PDF file. A text chunk is far smaller, so that the model reads all of it.

Documents that are the whole dataset are split into smaller chunks, between their sections where possible: training,
validation and evaluation questions are then about different ones (`division`).
Source: "API restrictions" and DocumentBlock, Amazon Bedrock User Guide and API Reference, read 2026-11-23.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

# Bedrock's limit for one document. Claude 4 and Nova accept larger PDF files; one limit for all models is simpler.
MAX_CHUNK_BYTES = 4_500_000

CHUNK_CHARACTERS = 12_000
SMALL_CHUNK_CHARACTERS = 1_000
# A shorter section is joined with the next one: it has too little text for several questions.
_MIN_SECTION_CHARACTERS = 300
_LONGEST_HEADING = 80
_MIN_ALPHANUMERIC = 40
_PARAGRAPH = re.compile(r"\n[^\S\n]*\n\s*")
_MARKDOWN_HEADING = re.compile(r"\n(?=#{1,6} )")
_SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s+|\n|\s")


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a document.

    `data` is what the request sends, `text` its plain text, `place` its position in the document for people. `pages`
    is the number of PDF pages: some models read a page as an image as well, which costs more tokens. `section` is the
    same for the small chunks of one section of a document.
    """

    document: str
    place: str
    format: Literal["pdf", "txt"]
    data: bytes
    text: str
    pages: int = 0
    section: int = 0


def text_chunks(document: str, text: str, small: bool = False) -> list[Chunk]:
    """Splits a text between paragraphs, for `small` chunks also between sections. Leaves out pieces without text."""
    sections = _sections(text) if small else [_PARAGRAPH.split(text)]
    size = SMALL_CHUNK_CHARACTERS if small else CHUNK_CHARACTERS
    pieces = [
        (number, piece)
        for number, section in enumerate(sections)
        for piece in _join_paragraphs(_split_paragraphs(section, size), size)
        if has_enough_text(piece)
    ]
    # "part 1 of 3" is stored in artifacts and in the key of the reply cache: the wording stays.
    return [
        Chunk(
            document,
            f"part {number} of {len(pieces)}" if len(pieces) > 1 else "",
            "txt",
            piece.encode(),
            piece,
            section=section,
        )
        for number, (section, piece) in enumerate(pieces, 1)
    ]


def has_enough_text(text: str) -> bool:
    """Whether there is enough text to write a question about."""
    return sum(letter.isalnum() for letter in text) >= _MIN_ALPHANUMERIC


def _sections(text: str) -> list[list[str]]:
    """The paragraphs of each section. A section begins with a heading, and short ones are joined with the next."""
    sections: list[list[str]] = [[]]
    for paragraph in _PARAGRAPH.split(_MARKDOWN_HEADING.sub("\n\n", text)):
        length = sum(map(len, sections[-1]))
        if _is_heading(paragraph.strip()) and length >= _MIN_SECTION_CHARACTERS:
            sections.append([])
        sections[-1].append(paragraph)
    if len(sections) > 1 and sum(map(len, sections[-1])) < _MIN_SECTION_CHARACTERS:
        last = sections.pop()
        sections[-1] += last
    return sections


def _is_heading(paragraph: str) -> bool:
    """Whether a paragraph looks like a heading: the text of HTML and DOCX files has no other mark of one."""
    if paragraph.startswith("#"):
        return True
    return 0 < len(paragraph) <= _LONGEST_HEADING and "\n" not in paragraph and paragraph[-1].isalnum()


def _split_paragraphs(paragraphs: Iterable[str], size: int) -> Iterator[str]:
    for paragraph in paragraphs:
        yield from _split_long(paragraph.strip(), size)


def _split_long(paragraph: str, size: int) -> Iterator[str]:
    """Splits a paragraph that is too long: after a sentence if possible, else after a word, else anywhere."""
    start = 0
    while len(paragraph) - start > size:
        latest = start + size
        # Only the second half is searched, so that no piece is much shorter than the limit.
        ends = [match.end() for match in _SENTENCE_END.finditer(paragraph, start + size // 2, latest)]
        end = ends[-1] if ends else latest
        yield paragraph[start:end].rstrip()
        start = end
    if start < len(paragraph):
        yield paragraph[start:]


def _join_paragraphs(paragraphs: Iterator[str], size: int) -> Iterator[str]:
    """Joins consecutive paragraphs up to the size of a chunk."""
    joined: list[str] = []
    length = 0
    for paragraph in paragraphs:
        if joined and length + len(paragraph) > size:
            yield "\n\n".join(joined)
            joined, length = [], 0
        joined.append(paragraph)
        length += len(paragraph) + 2
    if joined:
        yield "\n\n".join(joined)
