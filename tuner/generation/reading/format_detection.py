"""Which format a document is in, by its content: a name is only asked where content does not tell."""

from __future__ import annotations

import re
from typing import Literal

from tuner.generation.reading.docx import docx_text
from tuner.generation.reading.html_pages import html_text
from tuner.generation.reading.unusable_document import UnusableError

__all__ = ["Kind", "UnusableError", "kind_of", "text_of"]

Kind = Literal["pdf", "docx", "html", "md", "txt"]

_SUFFIXES: dict[str, Kind] = {"html": "html", "htm": "html", "xhtml": "html", "md": "md", "markdown": "md"}
_BINARY: tuple[tuple[bytes, str, str], ...] = (
    (b"\xd0\xcf\x11\xe0", "is a Word document of before 2007, or protected", "Save it as DOCX, without a password."),
    (b"{\\rtf", "is in Rich Text Format", "Save it as DOCX."),
    (b"\x1f\x8b", "is packed with gzip", "Unpack it."),
    (b"\xff\xfe", "is UTF-16", "Save it as UTF-8."),
    (b"\xfe\xff", "is UTF-16", "Save it as UTF-8."),
)
# Possessive, since a page of comments alone could be cut into comments in any number of ways.
_HTML = re.compile(
    rb"\s*+(?:<\?xml[^>]*>\s*+)?(?:<!--(?>.*?-->)\s*+)*+<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL
)
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)
# A link's address is not part of what is said; a comment is not shown.
_MARKDOWN_ADDRESS = re.compile(r"(?<=\])\([^()\s]*(?:\s+\"[^\"\n]*\")?\)")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)


def kind_of(name: str, data: bytes) -> Kind:
    """The document's format. Raises UnusableError for a format that is none of ours."""
    if b"%PDF-" in data[:1024]:
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
        raise UnusableError(f"is called .{suffix} and is none", "Upload the document itself.")
    return _SUFFIXES.get(suffix, "txt")


def text_of(name: str, data: bytes) -> str:
    """The text that a reader of the document sees. Raises UnusableError; PDF files are read by their pages."""
    kind = kind_of(name, data)
    if kind == "docx":
        return docx_text(data)
    text = _decoded(data, _declared(data) if kind == "html" else None)
    if kind == "html":
        return html_text(text)
    return _MARKDOWN_ADDRESS.sub("", _COMMENT.sub("", text)) if kind == "md" else text


def _declared(data: bytes) -> str | None:
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
