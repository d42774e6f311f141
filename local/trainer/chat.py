"""ChatML, the prompt format of SmolLM2-Instruct: the same in training and in answering."""

from __future__ import annotations

from local.trainer.spec import Conversation

START, END = "<|im_start|>", "<|im_end|>"


def segments(conversation: Conversation) -> list[tuple[str, bool]]:
    """The conversation as pieces of text, each with whether it is to be learnt (an assistant's words and its end)."""
    pieces: list[tuple[str, bool]] = []
    if conversation.system:
        pieces.append((f"{START}system\n{conversation.system}{END}\n", False))
    for turn in conversation.turns:
        if turn.role == "user":
            pieces.append((f"{START}user\n{turn.text}{END}\n", False))
        else:
            pieces += [(f"{START}assistant\n", False), (f"{turn.text}{END}", True), ("\n", False)]
    return pieces


def prompt(conversation: Conversation) -> str:
    """What the model continues when it is its turn to speak.

    A conversation that ends with the assistant's words is continued from there, as with Anthropic's prefill.
    """
    pieces = segments(conversation)
    if conversation.turns[-1].role == "assistant":
        return "".join(text for text, _ in pieces).removesuffix(f"{END}\n")
    return "".join(text for text, _ in pieces) + f"{START}assistant\n"
