"""The implementations of preprocessing that are compared, and the files that they process."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import msgspec
from pydantic import BaseModel

from tuner.catalog import model
from tuner.datasets import Findings, LocalFile, LocalSink, NoSink, Source, prepare
from tuner.datasets.io import CommitTogether, Sink
from tuner.datasets.pipeline import FilePipeline, Output
from tuner.datasets.records.record import DataRole
from tuner.datasets.records.rules import RecordLimits
from tuner.settings import FieldNames, RunSettings

MODEL = "anthropic.claude-3-haiku-20240307-v1:0:200k"
SYSTEM = "You answer questions about Amazon Bedrock."
LIMITS = RecordLimits(model(MODEL), "training", SYSTEM)
_WORDS = Path(__file__).parent.parent / "examples/bedrock-faq/training.jsonl"


class _Message(BaseModel):
    role: Literal["user", "assistant"]
    content: str


class _Entry(BaseModel):
    system: str
    messages: list[_Message]


def two_scripts(source: Path, target: Path) -> None:
    """The obvious implementation: one script converts the records, another checks every line."""
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
    """The lower limit: reading and parsing only."""
    msgspec.json.decode(source.read_bytes())


def this_project(source: Path, target: Path) -> None:
    """This project: `tuner data convert`."""
    _convert(LocalFile(source), LocalSink(target))


def one_pass(source: Path, _: Path, size: float) -> None:
    """This project for a file of `size` bytes, without reading and writing files. For the memory measurement."""
    _convert(Repeated(source, size), NoSink())


def whole_step(source: Path, target: Path, size: float) -> None:
    """The whole step for such a file and 500 questions: profile, validation data, conversion."""
    questions = target.with_name("evaluation.json")
    write_pairs(questions, 500, seed=8)
    files: dict[DataRole, Source] = {"training": Repeated(source, size), "evaluation": LocalFile(questions)}
    prepare(files, RunSettings(system_prompt=SYSTEM), LIMITS.model, lambda _: NoSink())


def _convert(source: Source, sink: Sink) -> None:
    findings = Findings()
    with CommitTogether(sink):
        FilePipeline(source, LIMITS, FieldNames(), findings).convert(Output(sink))
    if findings.errors:
        raise SystemExit(str(findings.kept[0]))


class Repeated:
    """A large file that needs no disk: the records of a file, repeated in one JSON array of about `size` bytes."""

    name = "training.json"

    def __init__(self, path: Path, size: float) -> None:
        self._path = path
        self._size = size

    def chunks(self) -> Iterator[bytes]:
        """The chunks of the array. It consists of whole copies of the records, so its size is approximate."""
        yield b"["
        for copy in range(max(1, round(self._size / self._path.stat().st_size))):
            inside = iter(LocalFile(self._path).chunks())
            previous = (b"," if copy else b"") + next(inside).removeprefix(b"[")
            for chunk in inside:
                yield previous
                previous = chunk
            yield previous.rstrip().removesuffix(b"]")
        yield b"]"


BASELINES: dict[str, Callable[[Path, Path], None]] = {
    "two scripts": two_scripts,
    "bare parser": bare_parser,
    "this project": this_project,
}
SIZED_BASELINES: dict[str, Callable[[Path, Path, float], None]] = {"one pass": one_pass, "whole step": whole_step}


def write_pairs(path: Path, count: int, seed: int = 7) -> None:
    """Writes `count` random questions and answers in the words of the example dataset. A few are not ASCII."""
    rng = random.Random(seed)
    words = " ".join(json.loads(line)["answer"] for line in _WORDS.read_text("utf-8").splitlines()).split()
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            question = " ".join(rng.choices(words, k=12)) + f" {number}?"
            answer = " ".join(rng.choices(words, k=98)) + ("." if number % 50 else " – “café” 日本語.\n")
            record = json.dumps({"question": question, "answer": answer}, ensure_ascii=False)
            file.write(("[\n" if number == 0 else ",\n") + record)
        file.write("\n]\n")
