"""Converse with one forced tool: how a judge is made to answer with a verdict instead of prose."""

from __future__ import annotations

from collections.abc import Mapping
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
) -> ToolReply:
    """Asks a model once, and lets it answer only by calling `tool`.

    `inference` is Converse's inferenceConfig. Raises what `translated` makes of AWS's errors; asks only once, so that
    who calls sees every throttling and can slow down.
    """
    with translated(f"ask the judge {endpoint_id}"):
        reply = (bedrock or client("bedrock-runtime", attempts=1)).converse(
            modelId=endpoint_id,
            system=[{"text": system}],
            messages=[{"role": "user", "content": [{"text": text}]}],
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
