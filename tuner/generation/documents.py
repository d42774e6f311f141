"""Reads documents and splits them into chunks. An unusable document is reported, and the others are still read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tuner.datasets.findings import printable
from tuner.datasets.io import Source
from tuner.generation.chunks import Chunk
from tuner.generation.reading import UnusableError, detect_format
from tuner.generation.reading.document_chunks import document_chunks
from tuner.generation.reading.process import DocumentProcess

MAX_DOCUMENT_BYTES = 25 * 2**20
MAX_TOTAL_BYTES = 100 * 2**20
# Formats whose text needs no parser.
_PLAIN = ("md", "txt")

# The chunks of a document, from its name and content. Raises UnusableError.
ChunksOf = Callable[[str, bytes], list[Chunk]]


@dataclass(frozen=True, slots=True)
class DocumentChunks:
    """The chunks of all documents. `unusable` maps the name of each unusable document to a sentence that says why."""

    chunks: tuple[Chunk, ...]
    unusable: dict[str, str] = field(default_factory=dict)


def read_documents(
    sources: Mapping[str, Source], parsed: ChunksOf | None = None, small: bool = False
) -> DocumentChunks:
    """Reads all documents in the order of their names. Raises nothing for their content.

    `parsed` reads those that need a parser; by default a process of its own does. `small` chunks are for documents that
    are the whole dataset.
    """
    with DocumentProcess(small) as process:
        return _read(sources, parsed or process.chunks, small)


def _read(sources: Mapping[str, Source], parsed: ChunksOf, small: bool) -> DocumentChunks:
    """The chunks of all documents by name. A document that cannot be used is named with the reason instead."""
    chunks: list[Chunk] = []
    unusable: dict[str, str] = {}
    seen: dict[str, str] = {}
    remaining = MAX_TOTAL_BYTES
    for name, source in sorted(sources.items()):
        try:
            data = _read_all(source, remaining)
            remaining -= len(data)
            _refuse_copy(seen, name, data)
            plain = detect_format(name, data) in _PLAIN
            found = document_chunks(name, data, small) if plain else parsed(name, data)
            unpacked = max(sum(len(chunk.data) for chunk in found) - len(data), 0)
            if unpacked > remaining:
                raise _too_many()
            remaining -= unpacked
            chunks += found
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
            raise _too_many()
    if not data:
        raise UnusableError("is empty", "Remove it, or upload it again.")
    return bytes(data)


def _too_many() -> UnusableError:
    total = MAX_TOTAL_BYTES // 2**20
    return UnusableError(
        f"exceeds the limit of {total} MB for all documents together, unpacked", "Remove some documents."
    )


def _refuse_copy(seen: dict[str, str], name: str, data: bytes) -> None:
    other = seen.setdefault(hashlib.sha256(data).hexdigest(), name)
    if other != name:
        raise UnusableError(f"has the same content as {other}", "Remove one of the two.")
