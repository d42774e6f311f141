"""Reads PDF files: the text of each page, and new PDF files of selected pages."""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tuner.generation.reading.unusable_document import UnusableError

MAX_PAGES = 1000


@dataclass(frozen=True, slots=True)
class Pdf:
    """An open PDF file. `texts` has the text of each page, empty for a page without text (a scan, a drawing)."""

    texts: tuple[str, ...]
    _reader: Any

    def only(self, pages: Sequence[int]) -> bytes:
        """A new PDF file with these pages. The first page is 0."""
        from pypdf import PdfWriter

        writer = PdfWriter()
        writer.append(self._reader, pages=list(pages), import_outline=False)
        written = io.BytesIO()
        writer.write(written)
        return written.getvalue()


def open_pdf(data: bytes) -> Pdf:
    """Opens a PDF file. Raises UnusableError when it is protected, damaged, too long or without text."""
    from pypdf import PdfReader  # imported here because most runs have no PDF files

    logging.getLogger("pypdf").setLevel(logging.ERROR)  # pypdf logs a warning for every deviation from the standard
    try:
        reader = PdfReader(io.BytesIO(data))
        protected = reader.is_encrypted
        count = 0 if protected else len(reader.pages)
        texts = () if count > MAX_PAGES else tuple(reader.pages[number].extract_text() for number in range(count))
    except RecursionError:
        raise UnusableError("is nested too deeply", "Print it into a new PDF file.") from None
    except MemoryError:
        raise
    except Exception as error:  # damaged files make pypdf raise more than its own error classes
        raise UnusableError(f"is damaged ({error or type(error).__name__})", "Print it into a new PDF file.") from None
    if protected:
        raise UnusableError("is protected by a password", "Save it without a password.")
    if count > MAX_PAGES:
        raise UnusableError(f"has {count:,} pages; the limit is {MAX_PAGES:,}", "Split it.")
    if not count:
        raise UnusableError("has no pages", "Upload the document itself.")
    if not any(text.strip() for text in texts):
        raise UnusableError("has only images of pages and no text", "Run text recognition (OCR) on it first.")
    return Pdf(texts, reader)
