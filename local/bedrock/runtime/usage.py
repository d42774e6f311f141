"""Counts the tokens of a call, and records them for the account of charges."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from local.bedrock.runtime.target import Target
from local.bedrock.state.account_region import current_account_region, new_id
from local.bedrock.state.bedrock_state import BedrockState
from local.bedrock.state.records import Call

# With `byte_tokens`: the most that a chat template puts around a text, and that a vendor adds for tools.
_TOKENS_AROUND_A_TEXT = 32
_TOKENS_FOR_TOOLS = 804


# A request of a batch job has another price.
Operation = Literal["Converse", "InvokeModel", "Batch"]


@dataclass(frozen=True, slots=True)
class Exchange:
    """The texts of a request, its tools and its limit of output tokens, and the text of the reply."""

    sent: Sequence[str]
    reply: str
    max_tokens: int
    tools: Sequence[dict[str, Any]] = ()


def billed_tokens(
    state: BedrockState, operation: Operation, target: Target, exchange: Exchange, counted: tuple[int, int]
) -> tuple[int, int]:
    """The input and output tokens of a call that was answered. `counted` has the usual tokenizer's numbers."""
    tokens = _byte_tokens(exchange, counted[1]) if state.settings.byte_tokens else counted
    state.store.calls.put(
        Call(
            id=new_id(),
            name=operation,
            arn=target.model_id,
            account_region=current_account_region(),
            created=state.clock(),
            base_model_id=target.base.id,
            input_tokens=tokens[0],
            output_tokens=tokens[1],
        )
    )
    return tokens


def _byte_tokens(exchange: Exchange, written: int) -> tuple[int, int]:
    tools = [json.dumps(tool, ensure_ascii=False) for tool in exchange.tools]
    sent = [*filter(None, exchange.sent), *tools]
    read = sum(len(text.encode()) for text in sent) + _TOKENS_AROUND_A_TEXT * len(exchange.sent)
    return read + _TOKENS_FOR_TOOLS * bool(tools), min(exchange.max_tokens, max(written, len(exchange.reply.encode())))
