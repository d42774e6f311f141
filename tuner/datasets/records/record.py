"""One record of a dataset, whatever file format it came in."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

Speaker = Literal["user", "assistant"]
Role = Literal["training", "validation", "evaluation"]


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side said. `field` is the member of the file that holds the text."""

    speaker: str
    text: str
    field: str


@dataclass(frozen=True, slots=True)
class Record:
    """A conversation, usually of one question and one answer. `line` is where it starts in its file, from 1."""

    line: int
    turns: tuple[Turn, ...]
    system: str | None = None

    @property
    def prompt(self) -> str:
        """All that comes before the last turn."""
        return "\n\n".join(turn.text for turn in self.turns[:-1])

    @property
    def question(self) -> str:
        """What is asked, for a reader: the prompt, and in a conversation of several turns who said what."""
        if len(self.turns) <= 2:
            return self.prompt
        return "\n\n".join(f"{turn.speaker.capitalize()}: {turn.text}" for turn in self.turns[:-1])

    @property
    def completion(self) -> str:
        """The last turn, which is what the model learns to say."""
        return self.turns[-1].text if self.turns else ""


def pair(prompt: str, completion: str) -> Record:
    """A question and its answer as a record, wherever they stood."""
    return Record(0, (Turn("user", prompt, "prompt"), Turn("assistant", completion, "completion")))


def content_id(prompt: str, completion: str) -> str:
    """16 hexadecimal digits that stay the same as long as the question and its answer do.

    Lone surrogates, which UTF-8 cannot hold, are hashed too: a rule reports them, not this function.
    """
    digest = hashlib.blake2b(prompt.encode("utf-8", "surrogatepass"), digest_size=8)
    digest.update(b"\0")
    digest.update(completion.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
