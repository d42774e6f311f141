"""ChatML, the prompt format of SmolLM2-Instruct, for training and inference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.trainer.spec import Conversation

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

START, END = "<|im_start|>", "<|im_end|>"


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a prompt: special tokens of the format, or content, in which special tokens are plain text.

    Only pieces with `learnt` count in the loss.
    """

    text: str
    content: bool = False
    learnt: bool = False


def pieces(conversation: Conversation) -> list[Piece]:
    """A whole conversation. The assistant's text and its end token are learnt."""
    found = _turn("system", conversation.system) if conversation.system else []
    for turn in conversation.turns:
        if turn.role == "user":
            found += _turn("user", turn.text)
        else:
            found += [*_opening(), Piece(turn.text, content=True, learnt=True), Piece(END, learnt=True), Piece("\n")]
    return found


def prompt_pieces(conversation: Conversation) -> list[Piece]:
    """The prompt that the model continues.

    If the conversation ends with an assistant turn, the model continues that turn, as with Anthropic's prefill.
    """
    if conversation.turns[-1].role == "assistant":
        # Without the end token of the last turn and the line break after it.
        return pieces(conversation)[:-2]
    return pieces(conversation) + _opening()


def encode(parts: list[Piece], tokenizer: PreTrainedTokenizerFast) -> list[tuple[int, bool]]:
    """Token ids, each with whether it is learnt. Special tokens inside of content are encoded as plain text."""
    return [
        (token, part.learnt)
        for part in parts
        for token in tokenizer.encode(part.text, add_special_tokens=False, split_special_tokens=part.content)
    ]


def _turn(role: str, text: str) -> list[Piece]:
    return [Piece(f"{START}{role}\n"), Piece(text, content=True), Piece(f"{END}\n")]


def _opening() -> list[Piece]:
    return [Piece(f"{START}assistant\n")]
