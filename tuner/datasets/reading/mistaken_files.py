"""Recognizes files that people upload by mistake, by their first bytes, and says what they are."""

from __future__ import annotations

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


def _is_markdown_table(start: bytes) -> bool:
    lines = [line.strip() for line in start.split(b"\n") if line.strip() and not line.startswith(b"#")]
    return len(lines) > 1 and b"|" in lines[0] and _MARKDOWN_RULE.fullmatch(lines[1]) is not None


def mistaken_file(head: bytes) -> Issue | None:
    """The issue of a file that is no dataset; None if its beginning is that of no known kind of file."""
    start = head.lstrip()[:HEAD_BYTES].lower()
    for beginning, what, remedy in _BEGINNINGS:
        if start.startswith(beginning):
            return Issue("file-format", f"this is {what}, not a dataset.", remedy)
    if _is_markdown_table(start):
        remedy = "Write it as CSV, with the header question,answer; or put it into documents/ to generate questions."
        return Issue("file-format", "this is a table in Markdown, not a dataset.", remedy)
    return None
