"""Recognizes files that people upload by mistake, by their first bytes, and says what they are."""

from __future__ import annotations

import itertools
import re

from tuner.core.file_formats import FORMAT_NAMES
from tuner.datasets.findings import Issue

HEAD_BYTES = 1024  # what is looked at; more than the longest beginning, to see the first line of a table
_SAVE_AS = f"Upload {FORMAT_NAMES}."
_DOWNLOAD = "Download the file itself: on GitHub with 'Raw', on Hugging Face with 'download'."
_UNPACK = f"Unpack it, and upload the file that is in it ({FORMAT_NAMES})."

# In lower case, because the names of HTML are written in any.
_BEGINNINGS: tuple[tuple[bytes, str, str], ...] = (
    (b"%pdf", "a PDF document", "Put it into documents/ to generate questions from it. " + _SAVE_AS),
    (
        b"version https://git-lfs",
        "a pointer of Git LFS",
        "Run `git lfs pull` and upload the file.",
    ),
    (
        b"<!doctype html",
        "a web page (HTML)",
        _DOWNLOAD,
    ),
    (b"<html", "a web page (HTML)", _DOWNLOAD),
    (b"<?xml", "an XML document", _SAVE_AS),
    (b"\\begin{", "a table or text in LaTeX", _SAVE_AS),
    (b"{\\rtf", "an RTF document", _SAVE_AS),
    (
        b"\xd0\xcf\x11\xe0",
        "a workbook with a password, or an old one (.xls)",
        "Save it as .xlsx or as CSV UTF-8.",
    ),
    (b"sqlite format 3", "a SQLite database", "Export its table as CSV."),
    (b"arrow1", "an Arrow file", "Write it as Parquet."),
    (b"obj\x01", "an Avro file", "Write it as Parquet or JSONL."),
    (b"\x89hdf", "an HDF5 file", "Write it as Parquet or JSONL."),
    (b"\x93numpy", "a NumPy array", "Write its records as JSONL."),
    (b"\x80\x04", "a Python pickle", "Write its records as JSONL."),
    (b"\x80\x05", "a Python pickle", "Write its records as JSONL."),
    (b"\x89png", "an image", _SAVE_AS),
    (b"\xff\xd8\xff", "an image", _SAVE_AS),
    (b"gif8", "an image", _SAVE_AS),
    (b"bzh", "compressed with bzip2", "Compress it with gzip or zstd, or not at all."),
    (b"\xfd7zxz", "compressed with xz", "Compress it with gzip or zstd, or not at all."),
    (b"7z\xbc\xaf", "a 7z archive", _UNPACK),
    (b"rar!", "a RAR archive", _UNPACK),
    (b"\x1f\x8b", "compressed twice", "Compress it once."),
    (b"\x28\xb5\x2f\xfd", "compressed twice", "Compress it once."),
)
# The second line of a Markdown table: `|---|:--:|`, also without the outer bars.
_MARKDOWN_RULE = re.compile(rb"\|(?:\s*:?-+:?\s*\|)+|:?-{3,}:?\s*(?:\|\s*:?-{3,}:?\s*)+")
# The first line of a table that is drawn with characters, as in reStructuredText and by MySQL; psql has a second one.
_DRAWN = re.compile(rb"\+(?:[-=]+\+)+|={2,}(?: +={2,})+|\.\. (?:csv-|list-)?table::.*")
_DRAWN_BELOW = re.compile(rb"-{3,}(?:\+-{3,})+")
# A tag, such as `<table>`. `<s>` and `<|user|>` begin texts in chat templates.
_TAG = re.compile(rb"<(?!s>)(?:[a-z][\w:.-]*(?:\s[^<>]*)?/?>|!--)")
# The first line of a chat that WhatsApp exported: `[12/03/24, 10:01:00] Anna: ...` or `12.03.24, 10:01 - Anna: ...`.
_CHAT = re.compile(
    rb"[^\[\d]{0,6}\[?\d{1,4}[./-]\d{1,2}[./-]\d{1,4},? \d{1,2}:\d{2}(?::\d{2})?[^\]\n:]{0,12}(?:\]| -) [^:\n]{1,80}"
)
_DELIMITERS = b",;\t"
_TO_CSV = "Write it as CSV, with the header question,answer; or put it into documents/ to generate questions."


def _text_table(start: bytes) -> str | None:
    """What kind of table a text begins with, below a heading and paragraphs without a delimiter; None for no table."""
    lines = [line.strip() for line in start.split(b"\n") if line.strip()]
    for first, second in itertools.pairwise(lines):
        if _DRAWN.fullmatch(first) or (b"|" in first and _DRAWN_BELOW.fullmatch(second)):
            return "a table that is drawn with characters (reStructuredText, psql, MySQL)"
        if b"|" in first and _MARKDOWN_RULE.fullmatch(second):
            return "a table in Markdown"
        if b"|" in first or (not first.startswith(b"#") and any(each in first for each in _DELIMITERS)):
            return None
    return None


def mistaken_file(head: bytes) -> Issue | None:
    """The issue of a file that is no dataset; None if its beginning is that of no known kind of file."""
    start = head.lstrip()[:HEAD_BYTES].lower()
    for beginning, what, remedy in _BEGINNINGS:
        if start.startswith(beginning):
            return Issue("file-format", f"this is {what}, not a dataset.", remedy)
    if _TAG.match(start):
        return Issue("file-format", "this is HTML or XML, not a dataset.", _SAVE_AS)
    if _CHAT.match(start):
        message = "this is a chat as WhatsApp exports it, not a dataset."
        return Issue("file-format", message, 'Write {"question": "...", "answer": "..."} for each question and answer.')
    table = _text_table(start)
    return Issue("file-format", f"this is {table}, not a dataset.", _TO_CSV) if table else None
