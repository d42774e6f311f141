"""Documents cut into parts that one request can hold.

A request takes 5 documents of 4.5 MB each; with one part a request, a part never meets the first limit, and the second
only as pages of a PDF file. Text is cut far below it, so that a model reads all of what it is asked about.
Source: "API restrictions" and DocumentBlock, Amazon Bedrock User Guide and API Reference, read 2026-11-23.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

LARGEST_BYTES = 4_500_000
"""Of a document in a request. Claude 4 and Nova take larger PDF files; what every model takes is simpler."""

PART_CHARACTERS = 12_000
_FEWEST_LETTERS = 40
_PARAGRAPH = re.compile(r"\n[^\S\n]*\n\s*")
_SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s+|\n|\s")


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a document. `data` is what a request holds, `text` what it says, and `place` where in it that is.

    `pages` counts those of a PDF file: some models look at them as pictures too.
    """

    document: str
    place: str
    format: Literal["pdf", "txt"]
    data: bytes
    text: str
    pages: int = 0


def text_parts(document: str, text: str) -> list[Part]:
    """The parts of a text, cut between paragraphs; pieces that hardly say anything are left out."""
    pieces = [piece for piece in _packed(_paragraphs(text)) if says_something(piece)]
    return [
        Part(document, f"part {number} of {len(pieces)}" if len(pieces) > 1 else "", "txt", piece.encode(), piece)
        for number, piece in enumerate(pieces, 1)
    ]


def says_something(text: str) -> bool:
    """Whether there is enough to ask about."""
    return sum(letter.isalnum() for letter in text) >= _FEWEST_LETTERS


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in _PARAGRAPH.split(text):
        yield from _cut(paragraph.strip())


def _cut(paragraph: str) -> Iterator[str]:
    """A paragraph that is too long, cut after a sentence where there is one, else after a word, else anywhere."""
    start = 0
    while len(paragraph) - start > PART_CHARACTERS:
        latest = start + PART_CHARACTERS
        ends = [match.end() for match in _SENTENCE_END.finditer(paragraph, start + PART_CHARACTERS // 2, latest)]
        end = ends[-1] if ends else latest
        yield paragraph[start:end].rstrip()
        start = end
    if start < len(paragraph):
        yield paragraph[start:]


def _packed(paragraphs: Iterator[str]) -> Iterator[str]:
    kept: list[str] = []
    length = 0
    for paragraph in paragraphs:
        if kept and length + len(paragraph) > PART_CHARACTERS:
            yield "\n\n".join(kept)
            kept, length = [], 0
        kept.append(paragraph)
        length += len(paragraph) + 2
    if kept:
        yield "\n\n".join(kept)
