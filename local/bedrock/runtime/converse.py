"""Converse: one request format for all models. Judges are asked with it too."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass
from typing import Any

from local.bedrock.engine.client import InferenceClient
from local.bedrock.engine.messages import Sampling
from local.bedrock.errors import ValidationError
from local.bedrock.protocol.operation import Params, Result
from local.bedrock.protocol.serializing import HEADERS, stand_in_headers
from local.bedrock.runtime.documents import document_texts
from local.bedrock.runtime.inference import Prompt, ask
from local.bedrock.runtime.target import Target, is_endpoint, resolve
from local.bedrock.runtime.usage import Exchange, Operation, billed_tokens
from local.bedrock.state.bedrock_state import BedrockState
from local.bedrock.state.settings import Settings
from local.bedrock.tools.dispatch import answering_name, tool_arguments
from local.bedrock.tools.tool_call import ToolCall, forced_tool, schema_in_prompt
from local.trainer.spec import Conversation, Turn
from tuner import catalog

DEFAULT_MAX_TOKENS = 512
# A common estimate for English text.
CHARACTERS_PER_TOKEN = 4
# About a token, so that a bad answer is as long as the limit of tokens lets it be.
_LONG = "and "


def converse(
    state: BedrockState, inference: InferenceClient, params: Params, operation: Operation = "Converse"
) -> Result:
    """Converse: returns text, or the arguments of the tool that the request forces."""
    target = resolve(state, params["modelId"])
    prompt = _prompt(params)
    judge = _judge(target)
    if judge:
        if operation == "Converse":  # the requests of a batch job do not count against the quota per minute
            state.judge_access.admit(state.settings, state.clock())
        _check_sampling(judge, params.get("inferenceConfig", {}))
    call, forced = _tool_call(params, prompt.conversation, target)
    if forced and judge:
        _check_tool_choice(judge)
    if call:
        reply = _use_tool(state.settings, inference, call, params.get("inferenceConfig", {}), as_text=not forced)
        name = answering_name(state.settings, call)
    else:
        timed = ask(state.settings, inference, target, prompt)
        tokens = (timed.answer.input_tokens, timed.answer.output_tokens)
        reply = _Reply(({"text": timed.answer.text},), timed.answer.stop_reason, tokens, timed.latency_ms)
        name = target.stand_in
    documents = call.documents if call else ()
    tools = [tool["toolSpec"] for tool in params.get("toolConfig", {}).get("tools", []) if "toolSpec" in tool]
    exchange = Exchange((*_texts(params), *documents), reply.text, prompt.sampling.max_tokens, tools)
    tokens = billed_tokens(state, operation, target, exchange, reply.tokens)
    return _response(reply, tokens) | {HEADERS: stand_in_headers(name)}


@dataclass(frozen=True, slots=True)
class _Reply:
    """The content of a response, with the tokens by the usual tokenizer."""

    content: tuple[dict[str, Any], ...]
    stop_reason: str
    tokens: tuple[int, int]
    latency_ms: int

    @property
    def text(self) -> str:
        """Everything that the model wrote."""
        return "".join(
            block["text"] if "text" in block else json.dumps(block["toolUse"]["input"], ensure_ascii=False)
            for block in self.content
        )


def _texts(params: Params) -> list[str]:
    blocks = [*params.get("system", []), *(block for message in params["messages"] for block in message["content"])]
    return [block["text"] for block in blocks if "text" in block]


def _tool_call(params: Params, conversation: Conversation, target: Target) -> tuple[ToolCall | None, bool]:
    """The tool to call, and whether toolChoice forces it. None if the model may answer in prose.

    Some judges refuse a forced tool. Their callers put the JSON Schema at the end of the system prompt instead.
    """
    documents = document_texts(target.base.id, params["messages"])
    text = "\n\n".join(turn.text for turn in conversation.turns if turn.role == "user")
    system = conversation.system or ""
    forced = forced_tool(params, text, system, documents)
    call = forced or (schema_in_prompt(text, system, documents) if target.base.judges else None)
    if documents and not call:
        raise ValidationError("The local stand-in reads documents only for a forced tool.")
    return call, forced is not None


def _use_tool(
    settings: Settings, inference: InferenceClient, call: ToolCall, config: dict[str, Any], as_text: bool
) -> _Reply:
    """The response with the tool's arguments: a toolUse block if the tool was forced, else JSON as text."""
    began = time.monotonic()
    max_tokens = config.get("maxTokens", DEFAULT_MAX_TOKENS)
    if settings.bad_answers == "truncated":
        return _truncated(call, max_tokens)
    arguments = tool_arguments(settings, inference, call, max_tokens, config.get("temperature"))
    if settings.bad_answers == "malformed" and isinstance(arguments, dict):
        arguments = {**dict.fromkeys(arguments), "more": _LONG * max_tokens}
    latency_ms = int((time.monotonic() - began) * 1000)
    if as_text and not isinstance(arguments, str):
        arguments = json.dumps(arguments, ensure_ascii=False)
    use = {"toolUse": {"toolUseId": f"tooluse_{secrets.token_urlsafe(16)}", "name": call.name, "input": arguments}}
    content: dict[str, Any] = {"text": arguments} if isinstance(arguments, str) else use
    # The judge's tokenizer is not available, so token counts are estimated from characters.
    tokens = tuple(
        len(text) // CHARACTERS_PER_TOKEN
        for text in (call.system + call.text + "".join(call.documents), json.dumps(arguments, ensure_ascii=False))
    )
    reason = "end_turn" if isinstance(arguments, str) else "tool_use"
    return _Reply((content,), reason, (tokens[0], min(tokens[1], max_tokens)), latency_ms)


def _truncated(call: ToolCall, max_tokens: int) -> _Reply:
    """A reply that ends at the limit of tokens, before the tool's arguments are complete."""
    read = len(call.system + call.text + "".join(call.documents)) // CHARACTERS_PER_TOKEN
    return _Reply(({"text": '{"' + _LONG * max_tokens},), "max_tokens", (read, max_tokens), 0)


def _response(reply: _Reply, tokens: tuple[int, int]) -> Result:
    return {
        "output": {"message": {"role": "assistant", "content": list(reply.content)}},
        "stopReason": reply.stop_reason,
        "usage": {"inputTokens": tokens[0], "outputTokens": tokens[1], "totalTokens": sum(tokens)},
        "metrics": {"latencyMs": reply.latency_ms},
    }


def _judge(target: Target) -> catalog.Judge | None:
    """The catalog's entry of the model as a judge. None for a custom model, even if its base model is a judge."""
    if is_endpoint(target.model_id):
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
    # From Claude Sonnet 4.5 on, Bedrock accepts temperature or top_p, but not both.
    if judge.sampling == "either" and len(given) == 2:
        raise ValidationError(
            "The model returned the following errors: `temperature` and `top_p` cannot both be specified for this "
            "model. Please use only one."
        )
    # Claude Opus accepts no sampling parameters from version 4.7 on.
    if judge.sampling == "none" and given:
        raise ValidationError(f"The model returned the following errors: {given[0]} is not supported for this model.")


def _prompt(params: Params) -> Prompt:
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
    """The text of the text blocks. Document blocks are skipped: `document_texts` reads them.

    Raises:
        ValidationError: a block is neither text nor a document, for example an image.
    """
    for block in blocks:
        if not {"text", "document"} & set(block):
            raise ValidationError(f"The local stand-in accepts texts and documents only; found {', '.join(block)}.")
    return "\n".join(block["text"] for block in blocks if "text" in block)
