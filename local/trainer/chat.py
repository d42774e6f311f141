"""ChatML, the prompt format of SmolLM2-Instruct: the same in training and in answering."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.trainer.spec import Conversation

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

START, END = "<|im_start|>", "<|im_end|>"


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a prompt: the format's own marks, or somebody's words, in which no mark counts as one."""

    text: str
    words: bool = False
    learnt: bool = False


def pieces(conversation: Conversation) -> list[Piece]:
    """A whole conversation; what is learnt is the assistant's words and their end."""
    found = _said("system", conversation.system) if conversation.system else []
    for turn in conversation.turns:
        if turn.role == "user":
            found += _said("user", turn.text)
        else:
            found += [*_opening(), Piece(turn.text, words=True, learnt=True), Piece(END, learnt=True), Piece("\n")]
    return found


def prompt_pieces(conversation: Conversation) -> list[Piece]:
    """What the model continues when it is its turn to speak.

    A conversation that ends with the assistant's words is continued from there, as with Anthropic's prefill.
    """
    if conversation.turns[-1].role == "assistant":
        return pieces(conversation)[:-2]
    return pieces(conversation) + _opening()


def encode(parts: list[Piece], tokenizer: PreTrainedTokenizerFast) -> list[tuple[int, bool]]:
    """Token ids, each with whether it is learnt. Words that look like the format's marks stay words."""
    return [
        (token, part.learnt)
        for part in parts
        for token in tokenizer.encode(part.text, add_special_tokens=False, split_special_tokens=part.words)
    ]


def _said(role: str, text: str) -> list[Piece]:
    return [Piece(f"{START}{role}\n"), Piece(text, words=True), Piece(f"{END}\n")]


def _opening() -> list[Piece]:
    return [Piece(f"{START}assistant\n")]
