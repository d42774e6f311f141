"""InvokeModel and Converse."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from local.bedrock.runtime.answering import ask, runtime_headers
from local.bedrock.runtime.bodies import parse_body
from local.bedrock.runtime.converse import converse
from local.bedrock.runtime.resolve import resolve

if TYPE_CHECKING:
    from local.bedrock.bedrock import Bedrock


def invoke_model(bedrock: Bedrock, params: dict[str, Any]) -> dict[str, Any]:
    """InvokeModel."""
    target = resolve(bedrock, params["modelId"])
    body = parse_body(target.base.id, params.get("body", b""))
    spoken = ask(bedrock, target, body.prompt())
    headers = {
        "X-Amzn-Bedrock-Input-Token-Count": str(spoken.answer.input_tokens),
        "X-Amzn-Bedrock-Output-Token-Count": str(spoken.answer.output_tokens),
        "X-Amzn-Bedrock-Invocation-Latency": str(spoken.latency_ms),
    }
    return {
        "body": json.dumps(body.response(spoken.answer, target.base.id), ensure_ascii=False).encode(),
        "contentType": "application/json",
        "$headers": headers | runtime_headers(target.stand_in),
    }


OPERATIONS = {"InvokeModel": invoke_model, "Converse": converse}
