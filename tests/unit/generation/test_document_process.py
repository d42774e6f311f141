"""Documents that need a parser are read in a process of its own, which a hostile document can end without harm."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from tests.unit.generation.samples import docx, pdf, source
from tuner.generation import documents, read_documents
from tuner.generation.reading import UnusableError, process
from tuner.generation.reading.document_chunks import document_chunks
from tuner.generation.reading.process import DocumentProcess

SAID = "Provisioned Throughput is paid for by the hour, whether somebody asks it or not."
PAGE = f"<html><p>{SAID}".encode()

# What the process does with documents of these names, instead of reading them.
HOSTILE = """
import os, signal
import tuner.generation.reading.process_main as main
read = main.document_chunks
def hostile(name, data, small):
    if name == "loop.html":
        while True:
            pass
    if name == "memory.html":
        bytearray(2**40)
    if name == "crash.html":
        os.kill(os.getpid(), signal.SIGSEGV)
    if name == "bug.html":
        raise KeyError("x")
    return read(name, data, small)
main.document_chunks, main.SECONDS = hostile, 1
main.main()
"""


@pytest.mark.slow
@pytest.mark.thorough
def test_the_process_gives_what_is_read_here() -> None:
    files = {"a.pdf": pdf(SAID, SAID), "b.docx": docx(SAID), "c.html": PAGE, "d.txt": SAID.encode() + b"!"}
    sources = {name: source(data) for name, data in files.items()}
    assert read_documents(sources) == read_documents(sources, document_chunks)
    assert len(read_documents(sources).chunks) == 4


@pytest.mark.slow
@pytest.mark.thorough
def test_a_document_that_ends_the_process_does_not_harm_the_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "hostile.py").write_text(HOSTILE, "utf-8")
    monkeypatch.setattr(process, "_SCRIPT", tmp_path / "hostile.py")
    names = ["bug", "crash", "loop", "memory", "z"]
    library = read_documents({f"{name}.html": source(PAGE + name.encode()) for name in names})
    assert [chunk.document for chunk in library.chunks] == ["z.html"]
    assert {name: text.partition(".html ")[2] for name, text in library.unusable.items()} == {
        "bug.html": "is damaged (KeyError). Save it again, or remove it.",
        "crash.html": "is damaged, or needs too much memory to read. Save it again in another format, or remove it.",
        "loop.html": "takes more than 60 seconds to read. Save it again in another format, or remove it.",
        "memory.html": "needs more than 2,048 MiB of memory to read. Split it.",
    }


@pytest.mark.slow
def test_in_a_function_the_process_has_a_part_of_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function is ended by Lambda above its memory, which includes that of the process."""
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1024")
    with DocumentProcess() as running:
        assert running.chunks("a.pdf", pdf(SAID)) == document_chunks("a.pdf", pdf(SAID)), "enough to start"


def test_all_documents_share_a_limit_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "ALL_SECONDS", -1)
    with DocumentProcess() as running, pytest.raises(UnusableError, match="was not read: reading the other documents"):
        running.chunks("a.html", PAGE)


def packed(xml: bytes) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", xml)
    return written.getvalue()


_DOCUMENT = b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'


@pytest.mark.slow
def test_unpacked_documents_count_as_what_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_TOTAL_BYTES", 2_500_000)
    files = {
        f"{number}.docx": source(
            packed(_DOCUMENT + b"<w:p><w:r><w:t>" + str(number).encode() * 10**6 + b"</w:t></w:r></w:p></w:document>")
        )
        for number in range(5)
    }
    library = read_documents(files, document_chunks)
    assert {chunk.document for chunk in library.chunks} == {"0.docx", "1.docx"}
    assert "exceeds the limit of 2 MB for all documents together, unpacked" in library.unusable["2.docx"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("before", ["", "<!--" + "x" * 5000 + "-->"])
def test_a_doctype_is_refused_in_every_encoding_and_place(encoding: str, before: str) -> None:
    declared = encoding if encoding == "utf-8" else "utf-16"
    mark = {"utf-16-le": "\ufeff", "utf-16-be": "\ufeff"}.get(encoding, "")
    xml = f'{mark}<?xml version="1.0" encoding="{declared}"?>{before}<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
    with pytest.raises(UnusableError, match="has XML that Word does not write"):
        document_chunks("a.docx", packed(xml.encode(encoding)))


@pytest.mark.slow
def test_a_small_word_document_with_much_text_or_many_levels_is_refused() -> None:
    text = b"<w:p><w:r><w:t>" + b"x" * 26_000_000 + b"</w:t></w:r></w:p></w:document>"
    with pytest.raises(UnusableError, match="has more than 25,000,000 characters"):
        document_chunks("a.docx", packed(_DOCUMENT + text))
    with pytest.raises(UnusableError, match="nested too deeply"):
        document_chunks("a.docx", packed(_DOCUMENT + b"<w:p>" * 2000))
