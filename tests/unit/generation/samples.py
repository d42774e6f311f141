"""Sample documents, and a model whose replies a test defines."""

from __future__ import annotations

import io
import itertools
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

from tests.unit.datasets.memory_files import NOVA, MemorySource
from tuner.aws.bedrock.tool_call import Attachment, Tool, ToolReply
from tuner.catalog import model
from tuner.datasets import RecordLimits
from tuner.generation import Deduplicator, GeneratorModel, PairGenerator, read_documents
from tuner.generation.chunks import Chunk
from tuner.generation.documents import DocumentChunks
from tuner.generation.generator import GenerationResult
from tuner.generation.requests import tool_for
from tuner.settings import DeploymentSettings

LIMITS = RecordLimits(model(NOVA), "validation")
JUDGE = DeploymentSettings().judge_model
_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def source(data: bytes, name: str = "document") -> MemorySource:
    return MemorySource(name, data, 2**16)


def sentences(count: int, start: int = 0) -> list[str]:
    """Sentences that share few words, so that none nearly repeats another."""
    return [
        f"Apparatus {number} weighs {number * 7 + 3} kilograms because colour {number * 31} suits room {number * 17}."
        for number in range(start, start + count)
    ]


def pdf(*pages: str) -> bytes:
    """A PDF file with a line of text per line; an empty page has none."""
    kids = " ".join(f"{3 + 2 * number} 0 R" for number in range(len(pages)))
    font = 3 + 2 * len(pages)
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode()]
    for number, page in enumerate(pages):
        lines = [re.sub(r"([()\\])", r"\\\1", line) for line in page.splitlines()]
        shown = "".join(f"({line}) Tj T*\n" for line in lines)
        stream = f"BT /F1 10 Tf 50 800 Td 12 TL\n{shown}ET".encode("latin-1")
        resources = f"/MediaBox [0 0 595 842] /Resources << /Font << /F1 {font} 0 R >> >>"
        objects.append(f"<< /Type /Page /Parent 2 0 R {resources} /Contents {4 + 2 * number} 0 R >>".encode())
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
    objects.append(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    written = bytearray(b"%PDF-1.4\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, len(written))
    return bytes(written) + b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table + end


def docx(*paragraphs: str, xml: str | None = None) -> bytes:
    """A Word document; `xml` goes into its body as it is."""
    body = xml or "".join(f"<w:p><w:r><w:t>{escape(text)}</w:t></w:r></w:p>" for text in paragraphs)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", f"<w:document {_W}><w:body>{body}</w:body></w:document>")
    return packed.getvalue()


def pair(sentence: str, question: str | None = None) -> dict[str, str]:
    return {"question": question or f"What is true of {sentence[:30]}?", "answer": sentence, "passage": sentence}


@dataclass
class Writer:
    """A model that makes a pair of each sentence of the text it is given, in order, none that was asked already.

    `reply` may put something else in the place of its pairs.
    """

    reply: Callable[[list[dict[str, str]], int], Any] | None = None
    calls: list[dict[str, Any]] = field(default_factory=list)

    def __call__(
        self,
        asked: str,
        system: str,
        text: str,
        tool: Tool,
        inference: Mapping[str, Any],
        documents: Sequence[Attachment],
    ) -> ToolReply:
        (document,) = documents
        self.calls.append({"text": text, "tool": tool, "document": document, "inference": inference})
        found = re.findall(r"Apparatus \d+ .*?\.", document.data.decode())
        free = [pair(sentence) for sentence in found if pair(sentence)["question"] not in text]
        most = tool.schema["properties"]["pairs"]["maxItems"]
        assert isinstance(most, int)
        assert tool.schema == tool_for(most).schema
        pairs: Any = free[:most]
        if self.reply:
            pairs = self.reply(pairs, len(self.calls))
        return ToolReply({"pairs": pairs}, "", "tool_use", 100, 10 * most)


@dataclass
class MemoryReplies:
    kept: dict[str, ToolReply] = field(default_factory=dict)

    def find(self, key: str) -> ToolReply | None:
        return self.kept.get(key)

    def keep(self, key: str, reply: ToolReply) -> None:
        assert key not in self.kept, "paid for twice"
        self.kept[key] = reply


def library(*sizes: int, together: str = "\n\n") -> DocumentChunks:
    """A document of so many sentences for each size, no sentence in two of them."""
    starts = itertools.accumulate((0, *sizes))
    texts = [together.join(sentences(size, start)) for size, start in zip(sizes, starts, strict=False)]
    return read_documents({f"{number}.txt": source(text.encode()) for number, text in enumerate(texts)})


def generation(
    chunks: Sequence[Chunk],
    count: int,
    ask: Any,
    replies: MemoryReplies | None = None,
    known: Deduplicator | None = None,
) -> PairGenerator:
    generator = GeneratorModel(JUDGE, replies if replies is not None else MemoryReplies(), ask)
    return PairGenerator(chunks, count, generator, LIMITS, known or Deduplicator())


def run(chunks: Sequence[Chunk], count: int, ask: Any, **more: Any) -> GenerationResult:
    return generation(chunks, count, ask, **more).run()
