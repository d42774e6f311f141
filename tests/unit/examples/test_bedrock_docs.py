"""The example of documents alone: they have enough text for the stand-in of the local cloud, in three disjoint sets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import JsonValue

from local.bedrock.tools.extract import _questions
from tests.doubles import MemoryFolder, approve, manifest
from tests.unit.datasets.memory_files import MemorySink
from tests.unit.generation.samples import source
from tuner import catalog
from tuner.artifacts.dataset import FEWEST_GROUPS
from tuner.artifacts.generated import GENERATED_KEYS, GeneratedPair, GeneratedSummary
from tuner.aws.bedrock.tool_call import Attachment, Tool, ToolReply
from tuner.catalog.judges import InferenceConfig
from tuner.datasets import LocalFile, prepare
from tuner.generation import generate_data, plan_generation

FOLDER = Path(__file__).parents[3] / "examples" / "bedrock-docs"
DOCUMENTS = {path.name: path for path in sorted((FOLDER / "documents").iterdir())}


def stand_in(
    model: str, system: str, text: str, tool: Tool, inference: InferenceConfig, documents: Sequence[Attachment]
) -> ToolReply:
    """What the local cloud's stand-in makes of a part."""
    (document,) = documents
    wanted = re.search(r"Record (\d+)", text)
    assert wanted and document.text
    found = [(question, sentence) for question, sentence in _questions(document.text) if question not in text]
    pairs: list[JsonValue] = [
        {"question": q, "answer": s.replace("`", ""), "passage": s} for q, s in found[: int(wanted[1])]
    ]
    return ToolReply({"pairs": pairs}, "sentence extractor", "tool_use", 10, 10)


@pytest.fixture(scope="module")
def generated() -> tuple[MemoryFolder, GeneratedSummary]:
    settings: dict[str, Any] = yaml.safe_load((FOLDER / "run.yaml").read_text("utf-8"))
    run = manifest(**{name: value for name, value in settings.items() if name != "base_model"})
    documents = run.inputs[0].model_copy(update={"role": "documents"})
    folder = MemoryFolder()
    sources = {name: LocalFile(path) for name, path in DOCUMENTS.items()}
    run = run.model_copy(update={"inputs": (documents,)})
    folder.save(run)
    assert not plan_generation(folder, run, {}, sources).done
    approve(folder, planned=True)
    assert generate_data(folder, run, {}, sources, ask=stand_in).done
    return folder, folder.load(GeneratedSummary)


@pytest.mark.slow
@pytest.mark.thorough
def test_every_document_is_used_and_every_set_has_several_questions(
    generated: tuple[MemoryFolder, GeneratedSummary],
) -> None:
    folder, summary = generated
    pairs = [pair for key in GENERATED_KEYS.values() for pair in folder.load_records(key, GeneratedPair)]
    assert {pair.document for pair in pairs} == DOCUMENTS.keys()
    counts = {entry.role: entry.pairs for entry in summary.sets}
    assert counts["training"] >= 40
    parts = {entry.role: entry.parts for entry in summary.sets}
    assert parts["evaluation"] >= FEWEST_GROUPS, "fewer cannot show a difference"
    assert counts["validation"] >= 5
    assert counts["evaluation"] >= 8


@pytest.mark.slow
def test_the_generated_data_has_no_errors_and_no_leakage(generated: tuple[MemoryFolder, GeneratedSummary]) -> None:
    folder, _ = generated
    paths = {role: source(folder.files[key], key) for role, key in GENERATED_KEYS.items()}
    run = manifest()
    model = catalog.model(run.base_model)
    found = prepare(paths, run.settings, model, lambda _: MemorySink(), generated=GENERATED_KEYS.keys()).findings
    assert not found.errors, found.kept
    assert "leakage" not in found.counts
