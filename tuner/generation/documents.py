"""Reads documents into parts. One that cannot be used is said so, and the others still are."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tuner.datasets.findings import printable
from tuner.datasets.io import Source
from tuner.generation.chunks import LARGEST_BYTES, PART_CHARACTERS, Part, says_something, text_parts
from tuner.generation.reading import UnusableError, kind_of, text_of
from tuner.generation.reading.pdf import Pdf, open_pdf

LARGEST_DOCUMENT = 25 * 2**20
LARGEST_TOGETHER = 100 * 2**20
_MOST_PAGES_TOGETHER = 20  # far below the hundred that Claude takes, and about as many as a part's text fills


@dataclass(frozen=True, slots=True)
class Library:
    """What documents say. `unusable` has a sentence on each document that gives nothing, by its name."""

    parts: tuple[Part, ...]
    unusable: dict[str, str] = field(default_factory=dict)


def read_documents(sources: Mapping[str, Source]) -> Library:
    """The parts of all documents, by name. Nothing is raised for what they hold."""
    parts: list[Part] = []
    unusable: dict[str, str] = {}
    seen: dict[str, str] = {}
    left = LARGEST_TOGETHER
    for name, source in sorted(sources.items()):
        try:
            data = _whole(source, left)
            left -= len(data)
            _refuse_repeated(seen, name, data)
            parts += _parts(name, data)
        except UnusableError as error:
            unusable[name] = printable(f"{name} {error}")
    return Library(tuple(parts), unusable)


def _whole(source: Source, left: int) -> bytes:
    data = bytearray()
    for chunk in source.chunks():
        data += chunk
        if len(data) > LARGEST_DOCUMENT:
            raise UnusableError(f"is larger than {LARGEST_DOCUMENT // 2**20} MB", "Split it.")
        if len(data) > left:
            together = LARGEST_TOGETHER // 2**20
            raise UnusableError(f"is past the {together} MB that are read of all documents", "Leave some out.")
    if not data:
        raise UnusableError("is empty", "Remove it, or upload it again.")
    return bytes(data)


def _refuse_repeated(seen: dict[str, str], name: str, data: bytes) -> None:
    other = seen.setdefault(hashlib.sha256(data).hexdigest(), name)
    if other != name:
        raise UnusableError(f"has the content of {other}", "Remove one of the two.")


def _parts(name: str, data: bytes) -> Sequence[Part]:
    if kind_of(name, data) == "pdf":
        parts = list(_pdf_parts(name, open_pdf(data)))
    else:
        parts = text_parts(name, text_of(name, data))
    if not parts:
        raise UnusableError("has hardly any text", "Remove it, or upload another.")
    return parts


def _pdf_parts(name: str, pdf: Pdf) -> Iterator[Part]:
    """Runs of pages with text, as PDF files of their own; a run too large in bytes is halved, a page becomes text."""
    pending = list(reversed(list(_runs(pdf.texts))))
    while pending:
        run = pending.pop()
        text = "\n\n".join(pdf.texts[page] for page in run)
        if not says_something(text):
            continue
        data = _written(pdf, run)
        if data and len(data) <= LARGEST_BYTES:
            yield Part(name, _place(run), "pdf", data, text, len(run))
        elif len(run) > 1:
            pending += [run[len(run) // 2 :], run[: len(run) // 2]]
        else:
            yield from (Part(name, _place(run), "txt", part.data, part.text) for part in text_parts(name, text))


def _written(pdf: Pdf, run: list[int]) -> bytes | None:
    try:
        return pdf.only(run)
    except Exception:  # a page that can be read and not copied: its text serves
        return None


def _runs(texts: Sequence[str]) -> Iterator[list[int]]:
    run: list[int] = []
    length = 0
    for page, text in enumerate(texts):
        if not text.strip():
            continue
        if run and (length + len(text) > PART_CHARACTERS or len(run) == _MOST_PAGES_TOGETHER):
            yield run
            run, length = [], 0
        run.append(page)
        length += len(text)
    if run:
        yield run


def _place(run: Sequence[int]) -> str:
    first, last = run[0] + 1, run[-1] + 1
    return f"page {first}" if first == last else f"pages {first} to {last}"
