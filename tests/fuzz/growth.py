"""Whether the time and memory of every reader grow no faster than a hostile input.

The same input of four times the size must take about four times as long. A reader whose time grows with the square of
the size takes sixteen times as long. `python -m tests.fuzz.growth` draws inputs for as long as asked.
"""

from __future__ import annotations

import argparse
import io
import random
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from typing import IO, Any

from tests.fuzz import containers
from tests.fuzz.hostile_inputs import FOUND_BEFORE, Hostile, drawn
from tests.unit.datasets.memory_files import NOVA, MemorySink, MemorySource
from tuner.catalog import model
from tuner.core.errors import SettingsError
from tuner.datasets import Findings
from tuner.datasets.io import CHUNK
from tuner.datasets.pipeline import FilePipeline, Output
from tuner.datasets.records.rules import RecordLimits
from tuner.decoders import parquet_rows, xlsx_rows
from tuner.generation.reading import UnusableError
from tuner.generation.reading.document_chunks import document_chunks
from tuner.settings import FieldNames, parse_document
from tuner.settings.yaml_documents import MOST_BYTES

FACTOR = 4
MOST_TIMES = 8.0
"""Between the 4 of a linear reader and the 16 of a quadratic one."""
MOST_MEMORY = 6.0
_TOO_SHORT = 0.04  # seconds: the clock and the start of a reader decide shorter times
_TOO_SMALL = 4 * 2**20  # bytes: buffers of a fixed size decide smaller peaks
_ATTEMPTS = 4


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


def _decoded(batches: Callable[[IO[bytes]], Iterable[list[Any]]]) -> Callable[[bytes], None]:
    """A decoder in this process, whose time and memory can be measured. It may refuse the file with any error."""

    def read(data: bytes) -> None:
        try:
            for _ in batches(io.BytesIO(data)):
                pass
        except KeyboardInterrupt:
            raise
        except BaseException:  # a panic of arro3 is not an Exception
            pass

    return read


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
    "docx": _document("a.docx"),
    "pdf": _document("a.pdf"),
    "pdf page": _document("a.pdf"),
    "parquet": _decoded(parquet_rows.batches),
    "xlsx sheet": _decoded(xlsx_rows.batches),
    "xlsx styles": _decoded(xlsx_rows.batches),
    "yaml": _settings,
}
CONTAINERS: dict[str, Callable[[bytes], bytes]] = {
    "docx": containers.docx,
    "pdf": containers.pdf_of_objects,
    "pdf page": containers.pdf_page,
    "parquet": containers.parquet,
    "xlsx sheet": partial(containers.xlsx, containers.SHEET),
    "xlsx styles": partial(containers.xlsx, containers.STYLES),
}
"""What makes a file of a hostile text, for the formats that are no text themselves."""


def problem_of(hostile: Hostile, size: int) -> str | None:
    """How time grows too fast from `size` bytes to four times as many, or memory up to `size` bytes; None if neither.

    The shortest of some attempts counts, because other processes can only make one longer. The memory is measured with
    smaller inputs, because reading takes some times as long meanwhile, and its growth shows earlier.
    """
    if hostile.reader == "yaml":
        size = min(size, (MOST_BYTES - 1000) // FACTOR)  # larger ones are refused unread
    read, made = READERS[hostile.reader], CONTAINERS.get(hostile.reader, bytes)
    small, large = made(hostile.data(size)), made(hostile.data(FACTOR * size))
    if problem := _growth_of_time(read, small, large):
        return f"{hostile}: {problem}"
    highest = _peak(read, small)
    if highest > _TOO_SMALL and highest > MOST_MEMORY * (lower := _peak(read, made(hostile.data(size // FACTOR)))):
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
