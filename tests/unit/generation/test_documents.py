"""Documents of every format become chunks that fit into a request, or are reported as unusable."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter

from tests.unit.generation.samples import docx, pdf, sentences, source
from tuner.generation import chunks, documents, read_documents
from tuner.generation.documents import DocumentChunks
from tuner.generation.reading import document_chunks as chunking
from tuner.generation.reading.document_chunks import document_chunks
from tuner.generation.reading.passages import essence

SAID = "Provisioned Throughput is paid for by the hour, whether somebody asks it or not."


def read(name: str, data: bytes) -> DocumentChunks:
    """What is read here, in this process; `test_document_process.py` has the tests of the other one."""
    return read_documents({name: source(data)}, document_chunks)


def refused(name: str, data: bytes) -> str:
    library = read(name, data)
    assert not library.chunks
    return library.unusable[name]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.txt", SAID.encode()),
        ("a.txt", b"\xef\xbb\xbf" + SAID.encode()),
        ("a.md", f"# Title\n\n{SAID}\n".encode()),
        ("a.html", f"<html><body><h1>Title</h1><p>{SAID}</p></body></html>".encode()),
        ("a.htm", f'<meta charset="iso-8859-1"><p>caf\xe9 {SAID}'.encode("latin-1")),
        ("a.docx", docx("Title", SAID)),
        ("a.pdf", pdf(SAID)),
        ("deep/folder/a", SAID.encode()),
        ("called.txt", pdf(SAID)),
        ("called.md", docx(SAID)),
        ("called.txt", f"<!DOCTYPE html><html><p>{SAID}</html>".encode()),
    ],
)
def test_every_format_is_read_and_detected_by_its_content(name: str, data: bytes) -> None:
    library = read(name, data)
    (chunk,) = library.chunks
    assert essence(SAID) in essence(chunk.text)
    assert (chunk.document, library.unusable) == (name, {})
    assert chunk.format == ("pdf" if data.startswith(b"%PDF") else "txt")


def protected() -> bytes:
    writer = PdfWriter()
    writer.append(io.BytesIO(pdf(SAID)))
    writer.encrypt("secret", algorithm="RC4-128")
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


def archive(**files: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as opened:
        for name, text in files.items():
            opened.writestr(name, text)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.txt", b"", "a.txt is empty. Remove it"),
        ("a.txt", b" \n\n ", "has hardly any text"),
        ("a.txt", "Le café coûte cher, dit-on à Genève.".encode("latin-1"), "is not UTF-8 text (byte 7)"),
        ("a.txt", SAID.encode("utf-16"), "is UTF-16. Save it as UTF-8."),
        ("a.html", b'<meta charset="klingon"><p>text', "is not klingon text"),
        ("a.bin", b"\0\1\2" * 30, "is neither PDF, DOCX, HTML, Markdown nor text"),
        ("a.pdf", SAID.encode(), "has the ending .pdf but another format"),
        ("a.docx", SAID.encode(), "has the ending .docx but another format"),
        ("a.pdf", protected(), "is protected by a password. Save it without a password."),
        ("a.pdf", pdf("", ""), "has only images of pages and no text. Run text recognition (OCR) on it first."),
        ("a.pdf", pdf(), "has no pages"),
        ("a.pdf", pdf(SAID)[:200], "is damaged"),
        ("a.pdf", b"%PDF-1.7\n%%EOF", "is damaged"),
        ("a.docx", archive(**{"data.json": "{}"}), "a.docx is a ZIP archive, not a Word document. Upload"),
        ("a.docx", docx(SAID)[:150], "is damaged or protected"),
        ("a.docx", archive(**{"word/document.xml": "<w:document"}), "is damaged"),
        ("a.docx", archive(**{"word/document.xml": "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"}), "has XML that"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1", "is a Word document from before 2007"),
        ("a.txt", b"\x1f\x8b\x08", "is compressed with gzip"),
    ],
)  # fmt: skip
def test_an_unusable_document_has_a_reason_and_a_remedy(name: str, data: bytes, said: str) -> None:
    assert said in refused(name, data)


def test_a_name_with_control_characters_is_made_printable() -> None:
    assert refused("a\x1b[2J\n.txt", b"") == "a\ufffd[2J\ufffd.txt is empty. Remove it, or upload it again."


def test_a_document_that_is_too_large_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []

    class Endless:
        name = "a.txt"

        def chunks(self):
            for _ in range(100):
                taken.append(2**20)
                yield b"x" * 2**20

    assert "is larger than 25 MB. Split it." in read_documents({"a.txt": Endless()}).unusable["a.txt"]
    assert sum(taken) == 26 * 2**20


def test_a_word_document_that_decompresses_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tuner.generation.reading.docx._MAX_UNPACKED_BYTES", 2**20)
    assert "has more than 1 MB of text after decompression" in refused("a.docx", docx("x" * 2**21))


def test_all_documents_together_have_a_limit_and_copies_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_TOTAL_BYTES", 150)
    other = "Model units are the measure in which capacity is bought, by the hour."
    library = read_documents(
        {"a.txt": source(SAID.encode()), "b.txt": source(other.encode()), "c.txt": source(other.encode())}
    )
    assert [chunk.document for chunk in library.chunks] == ["a.txt", "b.txt"]
    assert "exceeds the limit of 0 MB for all" in library.unusable["c.txt"]
    monkeypatch.undo()
    library = read_documents({"a.txt": source(other.encode()), "c.txt": source(other.encode())})
    assert "has the same content as a.txt" in library.unusable["c.txt"]


def test_invisible_text_is_left_out() -> None:
    page = (
        f"<body><script>evil()</script><style>p {{}}</style><!-- evil --><p hidden>evil</p>"
        f'<div style="display: none"><p>evil</p>evil</div><p>{SAID}</p><br><input value="evil">'
        f'<span aria-hidden="true">evil</span><template>evil</template></body>'
    )
    (chunk,) = read("a.html", page.encode()).chunks
    assert chunk.text == SAID
    (chunk,) = read("a.md", f"<!-- evil -->{SAID} [link](https://evil.example/x)\n<!-- evil".encode()).chunks
    assert chunk.text == f"{SAID} [link]"
    hidden = "<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>evil</w:t></w:r><w:r><w:delText>evil</w:delText></w:r>"
    (chunk,) = read("a.docx", docx(xml=f"{hidden}<w:r><w:t>{SAID}</w:t><w:tab/><w:t>x</w:t></w:r></w:p>")).chunks
    assert chunk.text == f"{SAID}\tx"


def test_open_tags_hide_the_same_text_as_in_a_browser() -> None:
    page = f"<html><head><title>T</title><body><p hidden>evil<p>{SAID}<ul><li hidden>evil<li>point<p hidden>evil<div>x"
    (chunk,) = read("a.html", page.encode()).chunks
    assert chunk.text.split("\n\n") == [SAID, "point", "x"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "page",
    [
        b"<!---->" * 5000,
        b"<html>" + b"<div>" * 30_000 + b"</b>" * 30_000,
        b"<html>" + b"<p hidden>" * 20_000 + SAID.encode(),
        b"](" * 100_000 + b"\n \n" * 50_000 + SAID.encode(),
        b"<html>" + b"<" * 20_000,
    ],
    ids=["comments", "open tags", "paragraphs", "links", "angles"],
)
def test_malicious_pages_are_read_in_time(page: bytes) -> None:
    for name in ("a.html", "a.md"):
        library = read(name, page)
        assert bool(library.chunks) is not bool(library.unusable)


def test_block_elements_are_paragraphs_and_inline_elements_are_not() -> None:
    page = f"<p>{SAID}</p><ul><li>First <b>bold</b>\n point<li>Second</ul></p></div>text"
    (chunk,) = read("a.html", f"<html>{page}".encode()).chunks
    assert chunk.text.split("\n\n") == [SAID, "First bold point", "Second", "text"]


def test_a_long_text_is_split_between_paragraphs_without_loss() -> None:
    text = "\n\n".join(sentences(600))
    library = read("a.txt", text.encode())
    assert [chunk.place for chunk in library.chunks] == [f"part {n} of {len(library.chunks)}" for n in range(1, 5)]
    assert "\n\n".join(chunk.text for chunk in library.chunks) == text
    assert all(
        len(chunk.text) <= chunks.CHUNK_CHARACTERS and chunk.data.decode() == chunk.text for chunk in library.chunks
    )


@given(st.text(max_size=3000), st.integers(20, 200))
def test_any_text_is_split_into_chunks_without_loss(text: str, size: int) -> None:
    for paragraphs in (chunks._PARAGRAPH.split(text), [each for found in chunks._sections(text) for each in found]):
        pieces = list(chunks._join_paragraphs(chunks._split_paragraphs(paragraphs, size), size))
        assert all(len(piece) <= size + 2 for piece in pieces)
        assert "".join("".join(pieces).split()) == "".join(text.split())


def test_small_chunks_keep_to_sections_and_short_sections_go_with_the_next() -> None:
    long = ["\n\n".join(sentences(30, start)) for start in (0, 100, 200)]
    text = f"# First\n\n{long[0]}\n\nOf a page\n\n{long[1]}\n\nShort\n\nA line.\n\n## Third\n{long[2]}"
    library = read_documents({"a.md": source(text.encode())}, small=True)
    assert all(len(chunk.text) <= chunks.SMALL_CHUNK_CHARACTERS for chunk in library.chunks)
    found = {number: [chunk.text for chunk in library.chunks if chunk.section == number] for number in range(3)}
    assert [texts[0].split("\n")[0] for texts in found.values()] == ["# First", "Of a page", "Short"]
    assert len(library.chunks) == sum(map(len, found.values())) > len(found)


@pytest.mark.slow
def test_the_pages_of_a_pdf_are_small_chunks_too() -> None:
    pages = ["\n".join(sentences(5, 100 * number)) for number in range(4)]
    library = read_documents({"a.pdf": source(pdf(*pages))}, small=True)
    assert [chunk.place for chunk in library.chunks] == ["pages 1 to 2", "pages 3 to 4"]
    assert [chunk.section for chunk in library.chunks] == [0, 2]


def test_a_pdf_is_split_by_pages_and_each_chunk_is_a_pdf() -> None:
    pages = ["\n".join(sentences(60, 100 * number)) for number in range(5)]
    library = read("a.pdf", pdf(pages[0], "", *pages[1:]))
    assert [chunk.place for chunk in library.chunks] == ["pages 1 to 3", "pages 4 to 5", "page 6"]
    assert [chunk.pages for chunk in library.chunks] == [2, 2, 1]
    for chunk in library.chunks:
        inside = "\n\n".join(page.extract_text() for page in PdfReader(io.BytesIO(chunk.data)).pages)
        assert inside == chunk.text


def test_a_chunk_has_a_maximum_of_pages() -> None:
    library = read("a.pdf", pdf(*(f"{SAID} This is page {number}." for number in range(45))))
    assert [chunk.pages for chunk in library.chunks] == [20, 20, 5]
    assert library.chunks[-1].place == "pages 41 to 45"


def test_chunks_that_are_too_large_are_halved_and_single_pages_sent_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    data = pdf(*("\n".join(sentences(3, 10 * number)) for number in range(4)))
    whole = len(read("a.pdf", data).chunks[0].data)
    monkeypatch.setattr(chunking, "MAX_CHUNK_BYTES", whole - 1)
    assert [chunk.place for chunk in read("a.pdf", data).chunks] == ["pages 1 to 2", "pages 3 to 4"]
    monkeypatch.setattr(chunking, "MAX_CHUNK_BYTES", 10)
    library = read("a.pdf", data)
    assert [(chunk.place, chunk.format) for chunk in library.chunks] == [(f"page {n}", "txt") for n in (1, 2, 3, 4)]


def test_a_pdf_with_too_many_pages_is_unusable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tuner.generation.reading.pdf.MAX_PAGES", 2)
    assert "has 3 pages; the limit is 2. Split it." in refused("a.pdf", pdf(SAID, SAID, SAID))


@given(st.binary(max_size=400), st.sampled_from(["a.pdf", "a.docx", "a.html", "a.md", "a.txt", "a"]))
def test_any_bytes_are_read_or_refused(data: bytes, name: str) -> None:
    for content in (data, b"%PDF-1.4\n" + data, b"PK\x03\x04" + data, b"<html>" + data):
        library = read(name, content)
        assert bool(library.chunks) is not bool(library.unusable)


@given(st.integers(0, 2000), st.binary(min_size=1, max_size=4))
def test_a_damaged_document_is_read_or_refused(at: int, noise: bytes) -> None:
    for name, whole in (("a.pdf", pdf(SAID, SAID)), ("a.docx", docx(SAID, SAID))):
        broken = bytearray(whole)
        broken[at % len(whole) : at % len(whole) + len(noise)] = noise
        library = read(name, bytes(broken))
        assert bool(library.chunks) is not bool(library.unusable)
