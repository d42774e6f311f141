"""The ways that a dataset is preprocessed, and the files that they are compared on."""

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


def flat(source: Path, _: Path, size: float) -> None:
    """The same for a file of `size` bytes, read from nowhere and written to nowhere: how much memory it takes."""
    _convert(Repeated(source, size), NoSink())


def whole_step(source: Path, target: Path, size: float) -> None:
    """All that the step does with such a file and 500 questions: studied, validation data held out, converted."""
    questions = target.with_name("evaluation.json")
    write_pairs(questions, 500, seed=8)
    files = {"training": Repeated(source, size), "evaluation": LocalFile(questions)}
    prepare(files, RunSettings(system_prompt=SYSTEM), LIMITS.model, lambda _: NoSink())


def _convert(source: Source, sink: Sink) -> None:
    findings = Findings()
    with CommitTogether(sink):
        FilePipeline(source, LIMITS, FieldNames(), findings).convert(Output(sink))
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


BASELINES: dict[str, Callable[[Path, Path], None]] = {
    "two scripts": two_scripts,
    "bare parser": bare_parser,
    "this project": this_project,
}
SIZED_BASELINES: dict[str, Callable[[Path, Path, float], None]] = {"one pass": flat, "whole step": whole_step}


def write_pairs(path: Path, count: int, seed: int = 7) -> None:
    """`count` questions and answers in the words of the example dataset, seeded; a few with letters outside ASCII."""
    rng = random.Random(seed)
    words = " ".join(json.loads(line)["answer"] for line in _WORDS.read_text("utf-8").splitlines()).split()
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            question = " ".join(rng.choices(words, k=12)) + f" {number}?"
            answer = " ".join(rng.choices(words, k=98)) + ("." if number % 50 else " – “café” 日本語.\n")
            record = json.dumps({"question": question, "answer": answer}, ensure_ascii=False)
            file.write(("[\n" if number == 0 else ",\n") + record)
        file.write("\n]\n")
