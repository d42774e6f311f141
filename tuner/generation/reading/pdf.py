"""The pages of a PDF file: their texts, and files of some of them."""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tuner.generation.reading.unusable_document import UnusableError

MOST_PAGES = 1000


@dataclass(frozen=True, slots=True)
class Pdf:
    """An open PDF file. `texts` are those of its pages, empty where a page has none (a scan, a drawing)."""

    texts: tuple[str, ...]
    _reader: Any

    def only(self, pages: Sequence[int]) -> bytes:
        """A PDF file of these pages, numbered from 0."""
        from pypdf import PdfWriter

        writer = PdfWriter()
        writer.append(self._reader, pages=list(pages), import_outline=False)
        written = io.BytesIO()
        writer.write(written)
        return written.getvalue()


def open_pdf(data: bytes) -> Pdf:
    """Reads a PDF file. Raises UnusableError: protected, damaged, too long, or without any text."""
    from pypdf import PdfReader  # only where there are PDF files

    logging.getLogger("pypdf").setLevel(logging.ERROR)  # it comments on every oddity of a file
    try:
        reader = PdfReader(io.BytesIO(data))
        protected = reader.is_encrypted
        count = 0 if protected else len(reader.pages)
        texts = () if count > MOST_PAGES else tuple(reader.pages[number].extract_text() for number in range(count))
    except RecursionError:
        raise UnusableError("is nested too deeply to be read", "Print it into a new PDF file.") from None
    except Exception as error:  # what a damaged file makes pypdf raise is not bounded by its own errors
        raise UnusableError(f"is damaged ({error or type(error).__name__})", "Print it into a new PDF file.") from None
    if protected:
        raise UnusableError("is protected by a password", "Save it without one.")
    if count > MOST_PAGES:
        raise UnusableError(f"has {count:,} pages, and {MOST_PAGES:,} are taken", "Split it.")
    if not count:
        raise UnusableError("has no pages", "Upload the document itself.")
    if not any(text.strip() for text in texts):
        raise UnusableError("has no text, only pictures of pages", "Have its text recognised (OCR) first.")
    return Pdf(texts, reader)
