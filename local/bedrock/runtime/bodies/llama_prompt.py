"""Parses Meta's chat template in a prompt back into a conversation."""

from __future__ import annotations

import re
from typing import Literal, cast

from local.trainer.spec import Conversation, Turn

# The last part of a prompt has no end marker: it is the answer that the model continues.
_PART = re.compile(
    r"<\|start_header_id\|>(system|user|assistant)<\|end_header_id\|>\s*(.*?)(?:<\|eot_id\|>|$)", re.DOTALL
)


def parse_llama_prompt(text: str) -> Conversation:
    """The conversation in a Llama 3 prompt. A prompt without the template is one user message."""
    parts = [(role, words.strip()) for role, words in _PART.findall(text)]
    if not parts:
        return Conversation(turns=(Turn(role="user", text=text),))
    system = "\n".join(words for role, words in parts if role == "system")
    turns = tuple(
        Turn(role=cast("Literal['user', 'assistant']", role), text=words)
        for role, words in parts
        if role != "system" and words
    )
    return Conversation(system=system or None, turns=turns)
