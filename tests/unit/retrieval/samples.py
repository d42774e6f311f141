"""A run's folder with training records, questions and documents, in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.doubles import MemoryFolder, manifest, write_lines
from tuner.core.artifact_keys import Keys
from tuner.retrieval.contexts import write_contexts


@dataclass(frozen=True)
class Document:
    """A document in memory."""

    name: str
    text: str

    def chunks(self) -> Iterator[bytes]:
        yield self.text.encode()


def converse(question: str, answer: str) -> dict[str, Any]:
    turns = (("user", question), ("assistant", answer))
    messages = [{"role": role, "content": [{"text": text}]} for role, text in turns]
    return {"schemaVersion": "bedrock-conversation-2024", "messages": messages}


def folder_of(
    training: Sequence[tuple[str, str]],
    questions: Sequence[tuple[str, str]],
    documents: Mapping[str, str],
    **settings: Any,
) -> MemoryFolder:
    """A folder after the preprocessing step."""
    folder = MemoryFolder()
    run = manifest(**settings)
    folder.save(run)
    write_lines(folder, Keys.TRAINING, [converse(*pair) for pair in training])
    asked = [{"id": f"q{at}", "question": each[0], "reference": each[1]} for at, each in enumerate(questions)]
    write_lines(folder, Keys.EVALUATION, asked)
    write_contexts(folder, run, {name: Document(name, text) for name, text in documents.items()})
    return folder


def context(folder: MemoryFolder, contestant: str, question: int = 0) -> dict[str, Any]:
    """A stored context, without its model."""
    line: dict[str, Any] = json.loads(folder.read(Keys.contexts(contestant)).splitlines()[question])
    return line
