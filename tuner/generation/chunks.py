"""Splits documents into chunks that fit into one request.

Bedrock accepts 5 documents of 4.5 MB each in a request. A request here has one chunk, so only the size limit matters,
and only for pages of a PDF file: a text chunk is far smaller, so that the model reads all of it.
Source: "API restrictions" and DocumentBlock, Amazon Bedrock User Guide and API Reference, read 2026-11-23.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

# Bedrock's limit for one document. Claude 4 and Nova accept larger PDF files; one limit for all models is simpler.
MAX_CHUNK_BYTES = 4_500_000

CHUNK_CHARACTERS = 12_000
_MIN_ALPHANUMERIC = 40
_PARAGRAPH = re.compile(r"\n[^\S\n]*\n\s*")
_SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s+|\n|\s")


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a document.

    `data` is what the request sends, `text` its plain text, `place` its position in the document for people. `pages`
    is the number of PDF pages: some models read a page as an image as well, which costs more tokens.
    """

    document: str
    place: str
    format: Literal["pdf", "txt"]
    data: bytes
    text: str
    pages: int = 0


def text_chunks(document: str, text: str) -> list[Chunk]:
    """Splits a text between paragraphs. Pieces with hardly any text are left out."""
    pieces = [piece for piece in _join_paragraphs(_paragraphs(text)) if has_enough_text(piece)]
    # "part 1 of 3" is stored in artifacts and in the key of the reply cache: the wording stays.
    return [
        Chunk(document, f"part {number} of {len(pieces)}" if len(pieces) > 1 else "", "txt", piece.encode(), piece)
        for number, piece in enumerate(pieces, 1)
    ]


def has_enough_text(text: str) -> bool:
    """Whether there is enough text to write a question about."""
    return sum(letter.isalnum() for letter in text) >= _MIN_ALPHANUMERIC


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in _PARAGRAPH.split(text):
        yield from _split_long(paragraph.strip())


def _split_long(paragraph: str) -> Iterator[str]:
    """Splits a paragraph that is too long: after a sentence if possible, else after a word, else anywhere."""
    start = 0
    while len(paragraph) - start > CHUNK_CHARACTERS:
        latest = start + CHUNK_CHARACTERS
        # Only the second half is searched, so that no piece is much shorter than the limit.
        ends = [match.end() for match in _SENTENCE_END.finditer(paragraph, start + CHUNK_CHARACTERS // 2, latest)]
        end = ends[-1] if ends else latest
        yield paragraph[start:end].rstrip()
        start = end
    if start < len(paragraph):
        yield paragraph[start:]


def _join_paragraphs(paragraphs: Iterator[str]) -> Iterator[str]:
    """Joins consecutive paragraphs up to the size of a chunk."""
    joined: list[str] = []
    length = 0
    for paragraph in paragraphs:
        if joined and length + len(paragraph) > CHUNK_CHARACTERS:
            yield "\n\n".join(joined)
            joined, length = [], 0
        joined.append(paragraph)
        length += len(paragraph) + 2
    if joined:
        yield "\n\n".join(joined)
