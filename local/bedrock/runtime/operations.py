"""The operations of the runtime: InvokeModel and Converse."""

from __future__ import annotations

import json
from functools import partial

from local.bedrock.engine.client import InferenceClient
from local.bedrock.protocol.operation import Operation, Params, Result
from local.bedrock.protocol.serializing import HEADERS, stand_in_headers
from local.bedrock.runtime.bodies import parse_body
from local.bedrock.runtime.converse import converse
from local.bedrock.runtime.inference import ask
from local.bedrock.runtime.target import resolve
from local.bedrock.runtime.usage import Exchange, billed_tokens
from local.bedrock.runtime.usage import Operation as BilledOperation
from local.bedrock.state.bedrock_state import BedrockState


def operations(state: BedrockState, inference: InferenceClient) -> dict[str, Operation]:
    """The handlers of the runtime by API name."""
    return {"InvokeModel": partial(invoke_model, state, inference), "Converse": partial(converse, state, inference)}


def invoke_model(
    state: BedrockState, inference: InferenceClient, params: Params, operation: BilledOperation = "InvokeModel"
) -> Result:
    """InvokeModel."""
    target = resolve(state, params["modelId"])
    body = parse_body(target.base.id, params.get("body", b""))
    prompt = body.prompt()
    timed = ask(state.settings, inference, target, prompt)
    sent = [prompt.conversation.system or "", *(turn.text for turn in prompt.conversation.turns)]
    exchange = Exchange(sent, timed.answer.text, prompt.sampling.max_tokens)
    counted = (timed.answer.input_tokens, timed.answer.output_tokens)
    read, written = billed_tokens(state, operation, target, exchange, counted)
    answer = timed.answer.model_copy(update={"input_tokens": read, "output_tokens": written})
    # AWS reports token counts and latency of InvokeModel in headers, because the body has the vendor's format.
    headers = {
        "X-Amzn-Bedrock-Input-Token-Count": str(read),
        "X-Amzn-Bedrock-Output-Token-Count": str(written),
        "X-Amzn-Bedrock-Invocation-Latency": str(timed.latency_ms),
    }
    return {
        "body": json.dumps(body.response(answer, target.base.id), ensure_ascii=False).encode(),
        "contentType": "application/json",
        HEADERS: headers | stand_in_headers(target.stand_in),
    }
