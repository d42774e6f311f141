"""Converse with one forced tool: how a judge is made to answer with a verdict instead of prose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tuner.aws.clients import client
from tuner.aws.translate import translated

# The cloud on a laptop names in this header what answers there; AWS sends none.
_STAND_IN = "x-local-stand-in"


@dataclass(frozen=True, slots=True)
class Tool:
    """What the model must fill in: a JSON Schema object with a name."""

    name: str
    description: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A document in a request: at most 5, of 4.5 MB each, with different names.

    `name` may hold letters, digits, single spaces, hyphens, parentheses and brackets, and a model may read it as an
    instruction: a file's own name is not for it. Source: DocumentBlock, Amazon Bedrock API Reference.
    """

    name: str
    format: str
    data: bytes


@dataclass(frozen=True, slots=True)
class ToolReply:
    """`arguments` are what the model filled in, unchecked; None when it called no tool and wrote `text` instead.

    `stand_in` names what answered in the model's place; empty on AWS, where nothing does.
    """

    arguments: Any
    text: str
    stop_reason: str
    input_tokens: int
    output_tokens: int
    stand_in: str = ""


def force_tool(
    endpoint_id: str,
    system: str,
    text: str,
    tool: Tool,
    inference: Mapping[str, Any],
    bedrock: Any = None,
    documents: Sequence[Attachment] = (),
) -> ToolReply:
    """Asks a model once, and lets it answer only by calling `tool`.

    `inference` is Converse's inferenceConfig; `documents` go before the text. Raises what `translated` makes of AWS's
    errors; asks only once, so that who calls sees every throttling and can slow down.
    """
    attached = [
        {"document": {"name": each.name, "format": each.format, "source": {"bytes": each.data}}} for each in documents
    ]
    with translated(f"ask {'the model' if documents else 'the judge'} {endpoint_id}"):
        reply = (bedrock or client("bedrock-runtime", attempts=1)).converse(
            modelId=endpoint_id,
            system=[{"text": system}],
            messages=[{"role": "user", "content": [*attached, {"text": text}]}],
            inferenceConfig=dict(inference),
            toolConfig={
                "tools": [
                    {
                        "toolSpec": {
                            "name": tool.name,
                            "description": tool.description,
                            "inputSchema": {"json": dict(tool.schema)},
                        }
                    }
                ],
                "toolChoice": {"tool": {"name": tool.name}},
            },
        )
    return _reply(reply, tool.name)


def _reply(reply: Mapping[str, Any], tool: str) -> ToolReply:
    blocks = reply.get("output", {}).get("message", {}).get("content", [])
    calls = [block["toolUse"] for block in blocks if "toolUse" in block]
    usage = reply.get("usage", {})
    return ToolReply(
        arguments=next((call.get("input") for call in calls if call.get("name") == tool), None),
        text="".join(block.get("text", "") for block in blocks),
        stop_reason=str(reply.get("stopReason", "")),
        input_tokens=int(usage.get("inputTokens", 0)),
        output_tokens=int(usage.get("outputTokens", 0)),
        stand_in=str(reply.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get(_STAND_IN, "")),
    )
