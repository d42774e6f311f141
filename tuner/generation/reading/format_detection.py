"""Detects the format of a document: by its content, and by its name where the content is ambiguous."""

from __future__ import annotations

import re
from typing import Literal

from tuner.generation.reading.docx import docx_text
from tuner.generation.reading.html_pages import html_text
from tuner.generation.reading.unusable_document import UnusableError

__all__ = ["DocumentFormat", "UnusableError", "detect_format", "text_of"]

DocumentFormat = Literal["pdf", "docx", "html", "md", "txt"]

_SUFFIXES: dict[str, DocumentFormat] = {"html": "html", "htm": "html", "xhtml": "html", "md": "md", "markdown": "md"}
# Formats that cannot be read, by their first bytes.
_BINARY: tuple[tuple[bytes, str, str], ...] = (
    (
        b"\xd0\xcf\x11\xe0",
        "is a Word document from before 2007, or is protected",
        "Save it as DOCX, without a password.",
    ),
    (b"{\\rtf", "is in Rich Text Format", "Save it as DOCX."),
    (b"\x1f\x8b", "is compressed with gzip", "Decompress it."),
    (b"\xff\xfe", "is UTF-16", "Save it as UTF-8."),
    (b"\xfe\xff", "is UTF-16", "Save it as UTF-8."),
)
# Possessive quantifiers: without them, a page that has only comments would make the expression backtrack for hours.
_HTML = re.compile(
    rb"\s*+(?:<\?xml[^>]*>\s*+)?(?:<!--(?>.*?-->)\s*+)*+<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL
)
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)
# Readers see neither the address of a link nor a comment.
_MARKDOWN_ADDRESS = re.compile(r"(?<=\])\([^()\s]*(?:\s+\"[^\"\n]*\")?\)")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)


def detect_format(name: str, data: bytes) -> DocumentFormat:
    """The format of the document. Raises UnusableError when the format is not supported."""
    if b"%PDF-" in data[:1024]:  # PDF readers accept other bytes before the header
        return "pdf"
    if data.startswith(b"PK"):
        return "docx"
    for magic, problem, remedy in _BINARY:
        if data.startswith(magic):
            raise UnusableError(problem, remedy)
    if _HTML.match(data[:4096]):
        return "html"
    suffix = name.rpartition(".")[2].lower()
    if suffix in ("pdf", "docx"):
        raise UnusableError(f"has the ending .{suffix} but another format", "Upload the document itself.")
    return _SUFFIXES.get(suffix, "txt")


def text_of(name: str, data: bytes) -> str:
    """The visible text of a document other than a PDF file. Raises UnusableError."""
    detected = detect_format(name, data)
    if detected == "docx":
        return docx_text(data)
    text = _decoded(data, _declared(data) if detected == "html" else None)
    if detected == "html":
        return html_text(text)
    return _MARKDOWN_ADDRESS.sub("", _COMMENT.sub("", text)) if detected == "md" else text


def _declared(data: bytes) -> str | None:
    """The encoding that an HTML page declares."""
    found = _CHARSET.search(data[:4096])
    return found[1].decode("ascii", "replace") if found else None


def _decoded(data: bytes, encoding: str | None) -> str:
    try:
        text = data.decode(encoding or "utf-8-sig")
    except (UnicodeDecodeError, LookupError) as error:
        at = f" (byte {error.start + 1:,})" if isinstance(error, UnicodeDecodeError) else ""
        raise UnusableError(f"is not {encoding or 'UTF-8'} text{at}", "Save it as UTF-8.") from None
    if "\0" in text:
        raise UnusableError(
            "is neither PDF, DOCX, HTML, Markdown nor text", "Upload it in one of these formats, or remove it."
        )
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
