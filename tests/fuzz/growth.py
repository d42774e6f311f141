"""Hostile inputs of every reader, and whether time and memory grow no faster than the input.

An input is a part that is repeated, with something before and after it. The same input of four times the size must take
about four times as long: a reader whose time grows with the square of the size takes sixteen times as long.
`FOUND_BEFORE` has the inputs that readers were slow for, and others like them. `python -m tests.fuzz.growth` draws
others from the words of each format, for as long as asked.
"""

from __future__ import annotations

import argparse
import io
import random
import sys
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from tests.unit.datasets.memory_files import NOVA, MemorySink, MemorySource
from tuner.catalog import model
from tuner.core.errors import SettingsError
from tuner.datasets import Findings
from tuner.datasets.io import CHUNK
from tuner.datasets.pipeline import FilePipeline, Output
from tuner.datasets.records.rules import RecordLimits
from tuner.generation.reading import UnusableError
from tuner.generation.reading.document_chunks import document_chunks
from tuner.settings import FieldNames, parse_document
from tuner.settings.documents import MOST_BYTES

FACTOR = 4
MOST_TIMES = 8.0
"""Between the 4 of a linear reader and the 16 of a quadratic one."""
MOST_MEMORY = 6.0
_TOO_SHORT = 0.04  # seconds: the clock and the start of a reader decide shorter times
_TOO_SMALL = 8 * 2**20  # bytes: buffers of a fixed size decide smaller peaks
_ATTEMPTS = 4


@dataclass(frozen=True, slots=True)
class Hostile:
    """A repeated part, with what is before and after it. `reader` is a key of `READERS`."""

    reader: str
    part: str
    before: str = ""
    after: str = ""

    def data(self, size: int) -> bytes:
        """About `size` bytes of it."""
        part = self.part.encode("utf-8", "surrogatepass")
        repeated = part * max(1, size // len(part))
        return self.before.encode() + repeated + self.after.encode()


def _dataset(name: str) -> Callable[[bytes], None]:
    def read(data: bytes) -> None:
        source = MemorySource(name, data, CHUNK)
        pipeline = FilePipeline(source, RecordLimits(model(NOVA), "training"), FieldNames(), Findings())
        pipeline.convert(Output(_Nowhere()))

    return read


class _Nowhere(MemorySink):
    def write(self, data: bytes) -> None:
        """Keeps nothing, so that only the reader's memory counts."""


def _document(name: str) -> Callable[[bytes], None]:
    def read(data: bytes) -> None:
        with suppress(UnusableError):
            document_chunks(name, data)

    return read


def _word(data: bytes) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("word/document.xml", data)
    _document("a.docx")(packed.getvalue())


def _settings(data: bytes) -> None:
    with suppress(SettingsError):
        parse_document(data, "run.yaml")


READERS: dict[str, Callable[[bytes], None]] = {
    "jsonl": _dataset("t.jsonl"),
    "json": _dataset("t.json"),
    "csv": _dataset("t.csv"),
    "tsv": _dataset("t.tsv"),
    "html": _document("a.html"),
    "md": _document("a.md"),
    "txt": _document("a.txt"),
    "docx": _word,
    "yaml": _settings,
}

_GOOD = '{"question": "What is it?", "answer": "An endpoint."}'
_W = '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
_JSON_WORDS = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"',
    "\\",
    "\n",
    " ",
    '"question":',
    '"answer":',
    '"a":',
    '"x"',
    '\\"',
    "1",
    "-",
    "1e9",
    "null",
    "true",
    "NaN",
    "'",
    "\u2028",
    "é",
    "\\ud83d",
    "\\u0000",
    _GOOD,
    '{"a":',
    "[[",
    '{"data":[',
    '"messages":[',
]
WORDS: dict[str, list[str]] = {
    "jsonl": _JSON_WORDS,
    "json": _JSON_WORDS,
    "csv": [
        ",",
        ";",
        "\t",
        '"',
        '""',
        "\n",
        "\r",
        "\r\n",
        "a",
        " ",
        "question",
        "answer",
        "é",
        "sep=;",
        '"a\nb"',
        "\0",
    ],
    "tsv": ["\t", '"', '""', "\n", "\r\n", "a", " ", "question", "answer", ",", "é"],
    "html": [
        "<",
        ">",
        "</",
        "/>",
        "<!--",
        "-->",
        "<!",
        "<?",
        "<![CDATA[",
        "]]>",
        "<!DOCTYPE",
        "<a ",
        "<p>",
        "</p>",
        "<div>",
        "</div>",
        "<script>",
        "</script>",
        "<title>",
        "<style",
        "=",
        '"',
        "'",
        " ",
        "\n",
        "&",
        "&#",
        "&amp;",
        "9",
        ";",
        "x",
        "hidden",
        "style=",
        "display:none",
        "display",
        "<li>",
        "<td>",
        "<svg>",
        "<select>",
        "<textarea>",
        "\f",
    ],
    "md": ["[", "](", ")", "<!--", "-->", "\n", "\n\n", " ", "#", "x", '"', "(", "|", "\t", "* "],
    "txt": [" ", "\n", "\t", "x", ".", "\r", "\r\n", "é", "\u3000", "。", "1", "\n \n"],
    "docx": [
        "<w:p>",
        "</w:p>",
        "<w:r>",
        "</w:r>",
        "<w:t>",
        "</w:t>",
        "<w:t>x</w:t>",
        "<w:tab/>",
        "x",
        " ",
        "<w:rPr>",
        "</w:rPr>",
        "<w:vanish/>",
        "<w:x/>",
        "<w:x a='1' b='2'/>",
        "<!-- -->",
        "<![CDATA[x]]>",
        "&#120;",
        "&amp;",
        "<?x?>",
        "<w:p><w:r><w:t>x</w:t></w:r></w:p>",
        "<w:r><w:t>x</w:t></w:r>",
    ],
    "yaml": [
        "a",
        ":",
        " ",
        "\n",
        "- ",
        "? ",
        "{",
        "}",
        "[",
        "]",
        ",",
        '"',
        "'",
        "|",
        ">",
        "#",
        "&a ",
        "*a ",
        "!!int ",
        "%",
        "---",
        "  ",
        "\\",
        "1",
        ": ",
        "a: ",
        "[]",
        "{}",
    ],
}
_AROUND: dict[str, list[tuple[str, str]]] = {
    "jsonl": [("", ""), (_GOOD + "\n", ""), (_GOOD + "\n" + '{"question": "', ""), ('{"a": ', "}")],
    "json": [
        ("[", ""),
        (f"[{_GOOD},", "]"),
        ('{"data": [', "]}"),
        ("{", "}"),
        (f"[{_GOOD}]", ""),
        ('[{"question": "', ""),
    ],
    "csv": [("", ""), ("question,answer\n", ""), ('question,answer\n"', ""), ("sep=;\n", "")],
    "tsv": [("", ""), ("question\tanswer\n", "")],
    "html": [("<html>", ""), ("<html><a ", ">"), ("<html><script>", ""), ('<html><p style="', '">')],
    "md": [("", ""), ("x", "\n")],
    "txt": [("", ""), ("x" * 50, "")],
    "docx": [
        (_W, "</w:document>"),
        (_W + "<w:p><w:r><w:t>", "</w:t></w:r></w:p></w:document>"),
        (_W + "<w:p>", "</w:p></w:document>"),
        (_W + "<w:p><w:r>", "</w:r></w:p></w:document>"),
        ("", ""),
    ],
    "yaml": [("", ""), ("a: ", ""), ("a: [", "]"), ('a: "', '"'), ("a:\n", "")],
}

FOUND_BEFORE = [
    Hostile("csv", "a,", after="a\n1,2\n"),
    Hostile("csv", "a,b,", after="c\n"),
    Hostile("csv", "1\n", "question,answer\n"),
    Hostile("csv", '"two\nlines",', "question,answer\n"),
    Hostile("csv", '"\n', "question,answer\n"),
    Hostile("csv", "What is it?,An endpoint.\n", "question,answer\n"),
    Hostile("csv", ",", "question,answer\n"),
    Hostile("jsonl", "[\n", _GOOD + "\n"),
    Hostile("jsonl", "\n", _GOOD + "\n"),
    Hostile("jsonl", "[", _GOOD + "\n"),
    Hostile("jsonl", "x", _GOOD + "\n"),
    Hostile("jsonl", '"a":1,', _GOOD + "\n{", '"b":1}\n'),
    Hostile("jsonl", '{"question":1,"question":2}\n', _GOOD + "\n"),
    Hostile("jsonl", '\\"', '{"question": "', '"}'),
    Hostile("jsonl", _GOOD + "\n"),
    Hostile("json", "[", "["),
    Hostile("json", '{"question": "', "["),
    Hostile("json", '{"question"', f"[{_GOOD},"),
    Hostile("json", "1,", "["),
    Hostile("json", "{},", f"[{_GOOD},"),
    Hostile("json", "[],", f"[{_GOOD},"),
    Hostile("json", " ", f"[{_GOOD}"),
    Hostile("json", ",", f"[{_GOOD}"),
    Hostile("json", '{"question": "\\\\{\\"question\\"", "a": 1},', "["),
    Hostile("json", '{"data":', ""),
    Hostile("json", '"a":1,', "{"),
    Hostile("json", '"a":[1],', "{"),
    Hostile("json", '"a":{"b":1},', "{"),
    Hostile("json", '"a":{"a":', "{"),
    Hostile("json", _GOOD + ",", '{"data": ['),
    Hostile("html", "<!--", "<html>"),
    Hostile("html", "<a ", "<html>"),
    Hostile("html", '<a b="', "<html>"),
    Hostile("html", "</", "<html>"),
    Hostile("html", "<![CDATA[", "<html>"),
    Hostile("html", "<p hidden>", "<html>"),
    Hostile("html", "<div>", "<html>"),
    Hostile("html", "<script>", "<html>"),
    Hostile("html", "<script></script ", "<html>"),
    Hostile("html", "9", "<html>&#", ";"),
    Hostile("html", "display ", '<html><p style="', '">'),
    Hostile("html", "a ", "<html><a ", ">"),
    Hostile("md", "](", "x"),
    Hostile("md", "<!--", "x"),
    Hostile("md", "](a ", "x"),
    Hostile("txt", "\n \n"),
    Hostile("txt", "\n "),
    Hostile("txt", "x"),
    Hostile("txt", "x\n\n"),
    Hostile("txt", " "),
    Hostile("docx", "<w:p>", _W),
    Hostile("docx", "<w:p/>", _W, "</w:document>"),
    Hostile("docx", "<w:p><w:r><w:t>x</w:t></w:r></w:p>", _W, "</w:document>"),
    Hostile("docx", "<w:r><w:t>x</w:t></w:r>", _W + "<w:p>", "</w:p></w:document>"),
    Hostile("docx", "<w:t>x</w:t>", _W + "<w:p><w:r>", "</w:r></w:p></w:document>"),
    Hostile("docx", "x", _W + "<w:p><w:r><w:t>", "</w:t></w:r></w:p></w:document>"),
    Hostile("docx", "&#120;", _W + "<w:p><w:r><w:t>", "</w:t></w:r></w:p></w:document>"),
    Hostile("yaml", "[\n", "a: "),
    Hostile("yaml", "{a: ", "a: "),
    Hostile("yaml", "? ", ""),
    Hostile("yaml", "a\n", '"'),
    Hostile("yaml", "a, ", "a: ["),
    Hostile("yaml", "9", "a: "),
]


def drawn(rng: random.Random) -> Hostile:
    """An input of one to four words of a format."""
    reader = rng.choice(list(READERS))
    before, after = rng.choice(_AROUND[reader])
    return Hostile(reader, "".join(rng.choices(WORDS[reader], k=rng.randint(1, 4))), before, after)


def problem_of(hostile: Hostile, size: int) -> str | None:
    """How time or memory grows too fast from `size` bytes to four times as many; None if they do not.

    The shortest of some attempts counts, because other processes can only make one longer.
    """
    if hostile.reader == "yaml":
        size = min(size, (MOST_BYTES - 1000) // FACTOR)  # larger ones are refused unread
    read, small, large = READERS[hostile.reader], hostile.data(size), hostile.data(FACTOR * size)
    if problem := _growth_of_time(read, small, large):
        return f"{hostile}: {problem}"
    highest = _peak(read, large)
    if highest > _TOO_SMALL and highest > MOST_MEMORY * (lower := _peak(read, small)):
        return f"{hostile}: {FACTOR} times the size took {highest / lower:.1f} times the memory"
    return None


def _growth_of_time(read: Callable[[bytes], None], small: bytes, large: bytes) -> str | None:
    times: list[list[float]] = [[], []]
    for _ in range(_ATTEMPTS):
        for data, taken in zip((small, large), times, strict=True):
            taken.append(_seconds(read, data))
        shortest, longest = min(times[0]), min(times[1])
        if longest < _TOO_SHORT or longest <= MOST_TIMES * shortest:
            return None
    return f"{FACTOR} times the size took {longest / shortest:.1f} times as long ({shortest:.3f} s, {longest:.3f} s)"


def _seconds(read: Callable[[bytes], None], data: bytes) -> float:
    begin = time.process_time()
    read(data)
    return time.process_time() - begin


def _peak(read: Callable[[bytes], None], data: bytes) -> int:
    tracemalloc.start()
    try:
        read(data)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def problems(seconds: float, seed: int, size: int) -> Iterator[str | None]:
    """For each input until the time is over: what grows too fast, or None. The known inputs come first."""
    rng, end = random.Random(seed), time.monotonic() + seconds
    waiting = list(FOUND_BEFORE)
    while time.monotonic() < end:
        yield problem_of(waiting.pop() if waiting else drawn(rng), size)


def main() -> None:
    """Reads the call. Ends with 1 when time or memory grows too fast for an input."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--size", type=int, default=2**15, help="bytes of the smaller input")
    options = parser.parse_args()
    count = 0
    for problem in problems(options.seconds, options.seed, options.size):
        count += 1
        if problem:
            sys.exit(problem)
    print(f"{count:,} hostile inputs from seed {options.seed}: time and memory grew no faster than the input")


if __name__ == "__main__":
    main()
