"""The example with documents: they have enough text, and the training data does not repeat them."""

from __future__ import annotations

import csv
import json
from functools import partial
from pathlib import Path

import yaml
from pydantic import JsonValue

from local.bedrock.tools.extract import _questions
from tuner import catalog
from tuner.artifacts.generated import GeneratedPair
from tuner.datasets import LocalFile
from tuner.datasets.findings import Findings
from tuner.datasets.profile import ProfileSource, profile_dataset
from tuner.datasets.records.record import DataRole, Record, Turn
from tuner.datasets.records.rules import RecordLimits
from tuner.generation import Deduplicator, read_documents
from tuner.generation.pairs import validate_pairs
from tuner.settings import RunSettings, load

FOLDER = Path(__file__).parents[3] / "examples" / "bedrock-docs"
TRAINING = [json.loads(line) for line in (FOLDER / "training.jsonl").read_text("utf-8").splitlines()]


def settings() -> RunSettings:
    return load(RunSettings, yaml.safe_load((FOLDER / "run.yaml").read_text("utf-8")), "run.yaml")


def origins() -> list[GeneratedPair]:
    """What the stand-in makes of them, as far as it is kept."""
    library = read_documents({path.name: LocalFile(path) for path in (FOLDER / "documents").iterdir()})
    assert not library.unusable
    limits = RecordLimits(catalog.model(settings().base_model or ""), "validation", settings().system_prompt)
    known = Deduplicator((record["question"], record["answer"]) for record in TRAINING)
    found: list[GeneratedPair] = []
    for chunk in library.chunks:
        pairs: list[JsonValue] = [
            {"question": q, "answer": a.replace("`", ""), "passage": a} for q, a in _questions(chunk.text)
        ]
        found += [entry for entry in validate_pairs(pairs, chunk, limits, known) if isinstance(entry, GeneratedPair)]
    return found


def test_the_documents_have_enough_text_for_the_pairs_of_the_run() -> None:
    assert len(origins()) >= 2 * settings().generate.count
    assert {origin.document for origin in origins()} == {"customization.md", "serving.html"}


def test_the_training_data_does_not_repeat_the_documents() -> None:
    records: dict[DataRole, list[Record]] = {
        "training": [record(each["question"], each["answer"]) for each in TRAINING],
        "validation": [record(origin.question, origin.answer) for origin in origins()],
    }
    findings = Findings()
    files = {role: ProfileSource(role, partial(iter, found)) for role, found in records.items()}
    profile_dataset(files, len, findings)
    assert not findings.counts


def test_the_training_data_is_every_fifth_record_of_the_other_example() -> None:
    other = (FOLDER.parent / "bedrock-faq" / "training.jsonl").read_text("utf-8").splitlines()
    assert (FOLDER / "training.jsonl").read_text("utf-8").splitlines() == other[::5]
    with (FOLDER.parent / "bedrock-faq" / "validation.csv").open(encoding="utf-8", newline="") as file:
        assert not {row["question"] for row in csv.DictReader(file)} & {record["question"] for record in TRAINING}


def record(question: str, answer: str) -> Record:
    return Record(1, (Turn("user", question, "question"), Turn("assistant", answer, "answer")))
