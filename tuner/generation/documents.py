"""Reads documents and splits them into chunks. An unusable document is reported, and the others are still read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tuner.datasets.findings import printable
from tuner.datasets.io import Source
from tuner.generation.chunks import CHUNK_CHARACTERS, MAX_CHUNK_BYTES, Chunk, has_enough_text, text_chunks
from tuner.generation.reading import UnusableError, detect_format, text_of
from tuner.generation.reading.pdf import Pdf, open_pdf

MAX_DOCUMENT_BYTES = 25 * 2**20
MAX_TOTAL_BYTES = 100 * 2**20
# Far below the 100 pages that Claude accepts, and about as many as the text of one chunk fills.
_MAX_PAGES_PER_CHUNK = 20


@dataclass(frozen=True, slots=True)
class DocumentChunks:
    """The chunks of all documents. `unusable` maps the name of each unusable document to a sentence that says why."""

    chunks: tuple[Chunk, ...]
    unusable: dict[str, str] = field(default_factory=dict)


def read_documents(sources: Mapping[str, Source]) -> DocumentChunks:
    """Reads all documents in the order of their names. Raises nothing for their content."""
    chunks: list[Chunk] = []
    unusable: dict[str, str] = {}
    seen: dict[str, str] = {}
    remaining = MAX_TOTAL_BYTES
    for name, source in sorted(sources.items()):
        try:
            data = _read_all(source, remaining)
            remaining -= len(data)
            _refuse_copy(seen, name, data)
            chunks += _chunks(name, data)
        except UnusableError as error:
            unusable[name] = printable(f"{name} {error}")
    return DocumentChunks(tuple(chunks), unusable)


def _read_all(source: Source, remaining: int) -> bytes:
    data = bytearray()
    for block in source.chunks():
        data += block
        if len(data) > MAX_DOCUMENT_BYTES:
            raise UnusableError(f"is larger than {MAX_DOCUMENT_BYTES // 2**20} MB", "Split it.")
        if len(data) > remaining:
            total = MAX_TOTAL_BYTES // 2**20
            raise UnusableError(f"exceeds the limit of {total} MB for all documents together", "Remove some documents.")
    if not data:
        raise UnusableError("is empty", "Remove it, or upload it again.")
    return bytes(data)


def _refuse_copy(seen: dict[str, str], name: str, data: bytes) -> None:
    other = seen.setdefault(hashlib.sha256(data).hexdigest(), name)
    if other != name:
        raise UnusableError(f"has the same content as {other}", "Remove one of the two.")


def _chunks(name: str, data: bytes) -> Sequence[Chunk]:
    if detect_format(name, data) == "pdf":
        chunks = list(_pdf_chunks(name, open_pdf(data)))
    else:
        chunks = text_chunks(name, text_of(name, data))
    if not chunks:
        raise UnusableError("has hardly any text", "Remove it, or upload a document with more text.")
    return chunks


def _pdf_chunks(name: str, pdf: Pdf) -> Iterator[Chunk]:
    """Splits a PDF file into PDF files of consecutive pages.

    A chunk with too many bytes is halved. If a single page is still too large, or cannot be copied, its text is sent.
    """
    pending = list(reversed(list(_page_ranges(pdf.texts))))
    while pending:
        pages = pending.pop()
        text = "\n\n".join(pdf.texts[page] for page in pages)
        if not has_enough_text(text):
            continue
        data = _copy_pages(pdf, pages)
        if data and len(data) <= MAX_CHUNK_BYTES:
            yield Chunk(name, _place(pages), "pdf", data, text, len(pages))
        elif len(pages) > 1:
            pending += [pages[len(pages) // 2 :], pages[: len(pages) // 2]]
        else:
            yield from (Chunk(name, _place(pages), "txt", piece.data, piece.text) for piece in text_chunks(name, text))


def _copy_pages(pdf: Pdf, pages: list[int]) -> bytes | None:
    try:
        return pdf.only(pages)
    except Exception:  # pypdf can read some damaged pages that it cannot copy: their text is used instead
        return None


def _page_ranges(texts: Sequence[str]) -> Iterator[list[int]]:
    """Numbers of consecutive pages with text, as many as fit into one chunk."""
    pages: list[int] = []
    length = 0
    for page, text in enumerate(texts):
        if not text.strip():
            continue
        if pages and (length + len(text) > CHUNK_CHARACTERS or len(pages) == _MAX_PAGES_PER_CHUNK):
            yield pages
            pages, length = [], 0
        pages.append(page)
        length += len(text)
    if pages:
        yield pages


def _place(pages: Sequence[int]) -> str:
    first, last = pages[0] + 1, pages[-1] + 1
    return f"page {first}" if first == last else f"pages {first} to {last}"
