"""A record of a dataset, independent of the format of its file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from tuner.artifacts.dataset import NO_ORIGIN, Origin
from tuner.core.run import DataRole as DataRole
from tuner.datasets.findings import Issue

# A part of Converse's format. The arguments, results and schemas of tools can be any JSON.
ConverseJson: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side said. `field` is the name of the member in the file, for findings."""

    speaker: str
    text: str
    field: str


@dataclass(frozen=True, slots=True)
class ToolConversation:
    """A conversation with tool calls in Converse's format: `toolConfig` and `messages`."""

    config: ConverseJson
    messages: tuple[ConverseJson, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """A conversation, usually one question and one answer. `line` is where it starts in its file, from 1.

    `references` are other answers that are right too. If the conversation has tool calls, `tools` has its blocks, and
    the texts of the turns show them as JSON. `warnings` say what was decided when the record was read.
    `place` is its path in the file (`data[3]`) if its line has other records too. `origin` and `fields` are known only
    of records that can become evaluation questions.
    """

    line: int
    turns: tuple[Turn, ...]
    system: str | None = None
    references: tuple[str, ...] = ()
    tools: ToolConversation | None = None
    warnings: tuple[Issue, ...] = ()
    place: str = ""
    origin: Origin = NO_ORIGIN
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def prompt(self) -> str:
        """The texts of all turns before the last."""
        return "\n\n".join(turn.text for turn in self.turns[:-1])

    @property
    def question(self) -> str:
        """The prompt for people and judges: with the speakers' names if there are several turns."""
        if len(self.turns) <= 2:
            return self.prompt
        return "\n\n".join(f"{turn.speaker.capitalize()}: {turn.text}" for turn in self.turns[:-1])

    @property
    def completion(self) -> str:
        """The last turn: what the model learns to answer."""
        return self.turns[-1].text if self.turns else ""


def pair(prompt: str, completion: str) -> Record:
    """A question and its answer as a record without a place in a file."""
    return Record(0, (Turn("user", prompt, "prompt"), Turn("assistant", completion, "completion")))


def content_id(prompt: str, completion: str) -> str:
    """A hash of the question and its answer: 16 hexadecimal digits.

    Lone surrogates, which UTF-8 cannot encode, are hashed too: a rule reports them, not this function.
    """
    digest = hashlib.blake2b(prompt.encode("utf-8", "surrogatepass"), digest_size=8)
    digest.update(b"\0")
    digest.update(completion.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
