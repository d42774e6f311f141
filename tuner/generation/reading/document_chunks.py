"""The chunks of one document: runs in a process of its own for formats that need a parser (`process`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tuner.core.text_sanitizer import storable
from tuner.generation.chunks import (
    CHUNK_CHARACTERS,
    MAX_CHUNK_BYTES,
    SMALL_CHUNK_CHARACTERS,
    Chunk,
    has_enough_text,
    text_chunks,
)
from tuner.generation.reading.format_detection import detect_format, text_of
from tuner.generation.reading.pdf import Pdf, open_pdf
from tuner.generation.reading.unusable_document import UnusableError

MAX_UNPACKED_BYTES = 64 * 2**20
"""Bytes of all chunks of a document. A small file can unpack to any size."""
# Far below the 100 pages that Claude accepts, and about as many as the text of one chunk fills.
_MAX_PAGES_PER_CHUNK = 20


def document_chunks(name: str, data: bytes, small: bool = False) -> list[Chunk]:
    """The chunks of a document of any format. Raises UnusableError when it has none, or too many."""
    found: Iterator[Chunk] | list[Chunk]
    if detect_format(name, data) == "pdf":
        found = _pdf_chunks(name, open_pdf(data), small)
    else:
        found = text_chunks(name, storable(text_of(name, data)), small)
    chunks: list[Chunk] = []
    size = 0
    for chunk in found:
        size += len(chunk.data)
        if size > MAX_UNPACKED_BYTES:
            most = MAX_UNPACKED_BYTES // 2**20
            raise UnusableError(f"has more than {most} MB of text or pages after decompression", "Split it.")
        chunks.append(chunk)
    if not chunks:
        raise UnusableError("has hardly any text", "Remove it, or upload a document with more text.")
    return chunks


def _pdf_chunks(name: str, pdf: Pdf, small: bool) -> Iterator[Chunk]:
    """Splits a PDF file into PDF files of consecutive pages.

    A chunk with too many bytes is halved. If a single page is still too large, or cannot be copied, its text is sent.
    """
    pending = list(reversed(list(_page_ranges(pdf.texts, small))))
    while pending:
        pages = pending.pop()
        text = "\n\n".join(pdf.texts[page] for page in pages)
        if not has_enough_text(text):
            continue
        data = _copy_pages(pdf, pages)
        if data and len(data) <= MAX_CHUNK_BYTES:
            yield Chunk(name, _place(pages), "pdf", data, text, len(pages), section=pages[0])
        elif len(pages) > 1:
            pending += [pages[len(pages) // 2 :], pages[: len(pages) // 2]]
        else:
            yield from (
                Chunk(name, _place(pages), "txt", piece.data, piece.text, section=pages[0])
                for piece in text_chunks(name, text, small)
            )


def _copy_pages(pdf: Pdf, pages: list[int]) -> bytes | None:
    try:
        return pdf.only(pages)
    except MemoryError:
        raise
    except Exception:  # pypdf can read some damaged pages that it cannot copy: their text is used instead
        return None


def _page_ranges(texts: Sequence[str], small: bool) -> Iterator[list[int]]:
    """Numbers of consecutive pages with text, as many as fit into one chunk."""
    size = SMALL_CHUNK_CHARACTERS if small else CHUNK_CHARACTERS
    pages: list[int] = []
    length = 0
    for page, text in enumerate(texts):
        if not text.strip():
            continue
        if pages and (length + len(text) > size or len(pages) == _MAX_PAGES_PER_CHUNK):
            yield pages
            pages, length = [], 0
        pages.append(page)
        length += len(text)
    if pages:
        yield pages


def _place(pages: Sequence[int]) -> str:
    first, last = pages[0] + 1, pages[-1] + 1
    return f"page {first}" if first == last else f"pages {first} to {last}"
