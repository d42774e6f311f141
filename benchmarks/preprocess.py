"""How fast and how flat preprocessing is, beside the plain two-script way and the bare parser, on the same file.

    two scripts   json.load, json.dumps per line; then json.loads and a Pydantic model per line
    bare parser   msgspec over the file's bytes, into dictionaries, and nothing else: the limit
    this project  one pass: read, check every rule, convert, write

Each runs in a process of its own, in turn, several times. The figures compare the best processor times (user and
system), which other work on the machine changes least: none of the three waits for anything but the disk's cache.
Memory is the process's peak. Run with `python -m benchmarks.preprocess`.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec
from pydantic import BaseModel

from benchmarks.lines import Figure
from tuner.catalog import model
from tuner.datasets import Findings, LocalFile, LocalSink, NoSink, Source
from tuner.datasets.passes import Output, Pass
from tuner.datasets.places import Committing, Sink
from tuner.datasets.rules import Limits
from tuner.settings import FieldNames

MODEL = "anthropic.claude-3-haiku-20240307-v1:0:200k"
SYSTEM = "You answer questions about Amazon Bedrock."
LIMITS = Limits(model(MODEL), "training", SYSTEM)
S3_BYTES_PER_SECOND = 85e6  # one connection; source: "Performance guidelines for Amazon S3", Amazon S3 User Guide
_WORDS = Path(__file__).parent.parent / "examples/bedrock-faq/training.jsonl"


class _Message(BaseModel):
    role: Literal["user", "assistant"]
    content: str


class _Entry(BaseModel):
    system: str
    messages: list[_Message]


def two_scripts(source: Path, target: Path) -> None:
    """What a person writes first: one script converts, another checks every line."""
    with source.open(encoding="utf-8") as file:
        records = json.load(file)
    with target.open("w", encoding="utf-8") as file:
        for record in records:
            turns = [("user", record["question"]), ("assistant", record["answer"])]
            entry = {"system": SYSTEM, "messages": [{"role": role, "content": text} for role, text in turns]}
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")
    with target.open(encoding="utf-8") as file:
        for line in file:
            checked = _Entry.model_validate(json.loads(line))
            if len(checked.system) // 3 + sum(len(message.content) // 3 for message in checked.messages) > 32_000:
                raise SystemExit("a record is too long")


def bare_parser(source: Path, _: Path) -> None:
    """The limit: nothing can be quicker than reading and parsing."""
    msgspec.json.decode(source.read_bytes())


def this_project(source: Path, target: Path) -> None:
    """`tuner data convert`."""
    _convert(LocalFile(source), LocalSink(target))


def _convert(source: Source, sink: Sink) -> None:
    findings = Findings()
    with Committing(sink):
        Pass(source, LIMITS, FieldNames(), findings).convert(Output(sink))
    if findings.errors:
        raise SystemExit(str(findings.kept[0]))


class Repeated:
    """The file over and over as one JSON array of so many bytes: a large file that needs no disk."""

    name = "training.json"

    def __init__(self, path: Path, size: float) -> None:
        self._path = path
        self._size = size

    def chunks(self) -> Iterator[bytes]:
        """A byte count near the one asked for, in whole copies of the records."""
        yield b"["
        for copy in range(max(1, round(self._size / self._path.stat().st_size))):
            inside = iter(LocalFile(self._path).chunks())
            previous = (b"," if copy else b"") + next(inside).removeprefix(b"[")
            for chunk in inside:
                yield previous
                previous = chunk
            yield previous.rstrip().removesuffix(b"]")
        yield b"]"


WAYS: dict[str, Callable[[Path, Path], None]] = {
    "two scripts": two_scripts,
    "bare parser": bare_parser,
    "this project": this_project,
}


def write_pairs(path: Path, count: int) -> None:
    """`count` questions and answers in the words of the example dataset, seeded; a few with letters outside ASCII."""
    rng = random.Random(7)
    words = " ".join(json.loads(line)["answer"] for line in _WORDS.read_text("utf-8").splitlines()).split()
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            question = " ".join(rng.choices(words, k=12)) + f" {number}?"
            answer = " ".join(rng.choices(words, k=98)) + ("." if number % 50 else " – “café” 日本語.\n")
            record = json.dumps({"question": question, "answer": answer}, ensure_ascii=False)
            file.write(("[\n" if number == 0 else ",\n") + record)
        file.write("\n]\n")


@dataclass(frozen=True, slots=True)
class Measured:
    """One way, once: seconds on the clock, seconds of the processor, peak of memory in MiB."""

    clock: float
    processor: float
    peak: float


def measured(*arguments: str) -> Measured:
    """One way in a process of its own."""
    command = [sys.executable, "-m", __spec__.name, "--one", *arguments]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return Measured(*map(float, output.split()))


def one(way: str, source: Path, target: Path, size: float) -> None:
    """Runs one way here and prints what was measured."""
    clock, processor = time.perf_counter(), time.process_time()
    if size:
        _convert(Repeated(source, size), NoSink())
    else:
        WAYS[way](source, target)
    clock, processor = time.perf_counter() - clock, time.process_time() - processor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    print(clock, processor, peak)


def main() -> None:
    """Compares, and ends with the line that says whether the goals hold."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sizes", type=float, nargs="*", default=[0.1e9, 2e9], help="bytes that memory is compared at")
    parser.add_argument("--one", nargs=4, metavar=("WAY", "SOURCE", "TARGET", "SIZE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        way, source, target, size = options.one
        one(way, Path(source), Path(target), float(size))
        return
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "training.json"), Path(folder, "converted.jsonl")
        write_pairs(source, options.pairs)
        compare(source, target, options.rounds, options.sizes)


def compare(source: Path, target: Path, rounds: int, sizes: list[float]) -> None:
    """Prints a table of all ways, the memory by size, and the verdict."""
    runs: dict[str, list[Measured]] = {way: [] for way in WAYS}
    for _ in range(rounds):
        for way, results in runs.items():
            results.append(measured(way, str(source), str(target), "0"))
    size = source.stat().st_size
    print(f"{size / 1e6:.0f} MB, best of {rounds}      processor      clock     memory")
    best = {way: min(result.processor for result in results) for way, results in runs.items()}
    for way, results in runs.items():
        clock, peak = min(result.clock for result in results), max(result.peak for result in results)
        print(f"  {way:<13} {best[way]:8.2f} s {size / 1e6 / best[way]:5.0f} MB/s {clock:7.2f} s {peak:6.0f} MiB")
    peaks = {large: measured("this project", str(source), str(target), str(large)).peak for large in sizes}
    for large, peak in peaks.items():
        print(f"  this project at {large / 1e9:.1f} GB: {peak:.0f} MiB")
    rate = size / min(result.clock for result in runs["this project"])
    ten = 10e9 / rate + 2 * 10e9 / S3_BYTES_PER_SECOND
    print(f"  10 GB from S3 to S3, extrapolated: {ten:.0f} s of the function's 900 s")
    verdict(best, max(peaks.values()))


def verdict(seconds: dict[str, float], peak: float) -> None:
    """A line per goal, and the last one for all three."""
    ours = seconds["this project"]
    figures = [
        Figure("preprocess-two-scripts", seconds["two scripts"] / ours, 6, "x", "at least"),
        Figure("preprocess-bare-parser", seconds["bare parser"] / ours, 0.5, "x", "at least"),
        Figure("preprocess-memory", peak, 150, "MiB"),
    ]
    print(*figures, sep="\n")
    state = "holds" if all(figure.holds for figure in figures) else "falls short"
    values = ",".join(f"{figure.value:.3g}{figure.unit}" for figure in figures)
    print(f"preprocess figure={values} goal=>=6x,>=0.5x,<=150MiB {state}")


if __name__ == "__main__":
    main()
