"""The questions that base and tuned model are asked: `dataset/evaluation.jsonl`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

from tuner.datasets.pipeline import Output
from tuner.datasets.records.record import Record, content_id
from tuner.datasets.records.rules import Limits


class Message(msgspec.Struct, frozen=True):
    """What one side said before the answer."""

    role: str
    text: str


class Question(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line: an id made of the content, the question, and the answer that a person gave.

    A conversation of several turns is asked as `messages`, the last of them the user's; its last turn is the reference,
    and `question` is the conversation as people and judges read it.
    """

    id: str
    question: str
    reference: str
    system: str | None = None
    messages: tuple[Message, ...] = ()


class Questions:
    """Writes evaluation questions; equal ones get different ids."""

    def __init__(self, output: Output, limits: Limits) -> None:
        self._output = output
        self._limits = limits
        self._seen: Counter[str] = Counter()

    def write(self, records: Iterable[Record]) -> None:
        """Appends every record as a question."""
        for record in records:
            name = content_id(record.prompt, record.completion)
            self._seen[name] += 1
            if self._seen[name] > 1:
                name = f"{name}-{self._seen[name]}"
            turns = record.turns[:-1] if len(record.turns) > 2 else ()
            messages = tuple(Message(turn.speaker, turn.text) for turn in turns)
            question = Question(name, record.question, record.completion, self._limits.system_of(record), messages)
            characters = sum(map(len, self._limits.texts_of(record)))
            self._output.write(msgspec.json.encode(question) + b"\n", 1, characters)
