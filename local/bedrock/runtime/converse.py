"""Converse: one body for all models, and the way a judge is asked."""

from __future__ import annotations

import json
import secrets
import time
from typing import TYPE_CHECKING, Any

from local.bedrock.engine.messages import Sampling
from local.bedrock.errors import ValidationError
from local.bedrock.runtime.answering import Prompt, ask, runtime_headers
from local.bedrock.runtime.documents import documents_of
from local.bedrock.runtime.resolve import Target, resolve
from local.bedrock.tools.call import ToolCall, forced_tool, tool_in_words
from local.bedrock.tools.calls import answered_by, fill_in
from local.trainer.spec import Conversation, Turn
from tuner import catalog

if TYPE_CHECKING:
    from local.bedrock.bedrock import Bedrock

DEFAULT_MAX_TOKENS = 512
CHARACTERS_PER_TOKEN = 4


def converse(bedrock: Bedrock, params: dict[str, Any]) -> dict[str, Any]:
    """Converse: text in; text out, or the arguments of the tool that the request forces."""
    target = resolve(bedrock, params["modelId"])
    prompt = _prompt(params)
    judge = _judge(target)
    if judge:
        bedrock.judge_access.admit(bedrock.settings, bedrock.clock())
        _check_sampling(judge, params.get("inferenceConfig", {}))
    conversation = prompt.conversation
    documents = documents_of(target.base.id, params["messages"])
    text = "\n\n".join(turn.text for turn in conversation.turns if turn.role == "user")
    forced = forced_tool(params, text, conversation.system or "", documents)
    if forced and judge:
        _check_tool_choice(judge)
    call = forced or (tool_in_words(text, conversation.system or "", documents) if target.base.judges else None)
    if documents and not call:
        raise ValidationError("The local stand-in reads documents only for a tool that is forced.")
    if call:
        return _use_tool(bedrock, call, params.get("inferenceConfig", {}), in_words=not forced)
    spoken = ask(bedrock, target, prompt)
    answer = spoken.answer
    content = [{"text": answer.text}]
    return _response(content, answer.stop_reason, (answer.input_tokens, answer.output_tokens), spoken.latency_ms) | {
        "$headers": runtime_headers(target.stand_in)
    }


def _use_tool(bedrock: Bedrock, call: ToolCall, config: dict[str, Any], in_words: bool) -> dict[str, Any]:
    began = time.monotonic()
    filled = fill_in(bedrock, call, config.get("maxTokens", DEFAULT_MAX_TOKENS), config.get("temperature"))
    latency_ms = int((time.monotonic() - began) * 1000)
    if in_words and not isinstance(filled, str):
        filled = json.dumps(filled, ensure_ascii=False)
    use = {"toolUse": {"toolUseId": f"tooluse_{secrets.token_urlsafe(16)}", "name": call.name, "input": filled}}
    content: list[dict[str, Any]] = [{"text": filled} if isinstance(filled, str) else use]
    # Nothing here has Claude's tokenizer: tokens are estimated from characters.
    tokens = tuple(
        len(text) // CHARACTERS_PER_TOKEN
        for text in (call.system + call.text + "".join(call.documents), json.dumps(filled, ensure_ascii=False))
    )
    reason = "end_turn" if isinstance(filled, str) else "tool_use"
    return _response(content, reason, (tokens[0], tokens[1]), latency_ms) | {
        "$headers": runtime_headers(answered_by(bedrock.settings, call))
    }


def _response(content: list[dict[str, Any]], reason: str, tokens: tuple[int, int], latency_ms: int) -> dict[str, Any]:
    return {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": reason,
        "usage": {"inputTokens": tokens[0], "outputTokens": tokens[1], "totalTokens": sum(tokens)},
        "metrics": {"latencyMs": latency_ms},
    }


def _judge(target: Target) -> catalog.Judge | None:
    """What the catalog knows of the model as a judge; None for a custom model."""
    if ":provisioned-model/" in target.model_id or ":custom-model-deployment/" in target.model_id:
        return None
    return next((judge for judge in catalog.judges() if judge.foundation_model == target.base.id), None)


def _check_tool_choice(judge: catalog.Judge) -> None:
    if not judge.forced_tool:
        raise ValidationError(
            "The model returned the following errors: tool_choice forces tool use, which is not supported for this "
            "model."
        )


def _check_sampling(judge: catalog.Judge, config: dict[str, Any]) -> None:
    given = [name for name in ("temperature", "topP") if name in config]
    if judge.sampling == "either" and len(given) == 2:
        raise ValidationError(
            "The model returned the following errors: `temperature` and `top_p` cannot both be specified for this "
            "model. Please use only one."
        )
    if judge.sampling == "none" and given:
        raise ValidationError(f"The model returned the following errors: {given[0]} is not supported for this model.")


def _prompt(params: dict[str, Any]) -> Prompt:
    config = params.get("inferenceConfig", {})
    sampling = Sampling(
        max_tokens=config.get("maxTokens", DEFAULT_MAX_TOKENS),
        temperature=config.get("temperature", 1.0),
        top_p=config.get("topP", 1.0),
        stop_sequences=tuple(config.get("stopSequences", ())),
    )
    turns = tuple(Turn(role=message["role"], text=text_of(message["content"])) for message in params["messages"])
    return Prompt(Conversation(system=text_of(params.get("system", [])) or None, turns=turns), sampling)


def text_of(blocks: list[dict[str, Any]]) -> str:
    """The text of content blocks; documents are read elsewhere.

    Raises:
        ValidationError: a block is neither; nothing here sees images.
    """
    for block in blocks:
        if not {"text", "document"} & set(block):
            raise ValidationError(f"The local stand-in takes texts and documents only; found {', '.join(block)}.")
    return "\n".join(block["text"] for block in blocks if "text" in block)
