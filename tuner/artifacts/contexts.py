"""`dataset/contexts/<contestant>.jsonl`: what the prompts of a contestant have beside the question, for people to read.

Examples and passages come from training data and documents only.
"""

from __future__ import annotations

from pydantic import Field

from tuner.artifacts.base import Part
from tuner.artifacts.dataset import EvaluationQuestion, Message

MOST_PART_BYTES = 6_000
"""The most bytes of an example or a passage, escaped: 1,000 characters of a passage have at most 5,000."""
MOST_EXAMPLE_TURNS = 10
"""A longer conversation is no example."""
# The instruction of a question with passages. Tags tell the passages from the question.
_WITH_PASSAGES = "Use these passages to answer the question below, where they help.\n\n{passages}\n\n{question}"

# Tags of a passage, or 32 tokens of the chat template around each turn of an example.
_MOST_TOKENS_AROUND_A_PART = 32 * MOST_EXAMPLE_TURNS
_MOST_INSTRUCTION_BYTES = 200


def most_context_tokens(parts: int) -> int:
    """Upper bound of the tokens that `parts` examples or passages add to a prompt, whichever they are."""
    return parts * (MOST_PART_BYTES + _MOST_TOKENS_AROUND_A_PART) + _MOST_INSTRUCTION_BYTES if parts else 0


class Example(Part):
    """A training record that is shown before the question: the turns of its conversation, the last one the answer."""

    record: int = Field(description="number of the record in dataset/training.jsonl, from 1")
    turns: tuple[Message, ...]
    holds_answer: bool = Field(False, description="it has a right answer of the question word for word")


class Passage(Part):
    """A text that is shown with the question."""

    source: str = Field(description="the document, or the number of the training record")
    place: str = ""
    text: str
    holds_answer: bool = Field(False, description="it has a right answer of the question word for word")


class Context(Part):
    """What the prompt of one question has beside the question, in the order of the prompt."""

    id: str = Field(description="the question's id")
    examples: tuple[Example, ...] = ()
    passages: tuple[Passage, ...] = ()

    @property
    def holds_answer(self) -> bool:
        """Whether an example or a passage has a right answer of the question word for word."""
        return any(each.holds_answer for each in self.examples) or any(each.holds_answer for each in self.passages)

    def asked(self, question: EvaluationQuestion) -> EvaluationQuestion:
        """The question as the contestant is asked: with the examples before its turns, and passages in the last one."""
        turns = [turn for example in self.examples for turn in example.turns]
        *before, last = question.turns
        return question.model_copy(update={"messages": (*turns, *before, self._with_passages(last))})

    def _with_passages(self, turn: Message) -> Message:
        if not self.passages:
            return turn
        shown = "\n".join(f"<passage>\n{passage.text}\n</passage>" for passage in self.passages)
        return turn.model_copy(update={"text": _WITH_PASSAGES.format(passages=shown, question=turn.text)})
