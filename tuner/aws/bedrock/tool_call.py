"""Gets structured output from a model with Converse: the model fills in the arguments of one tool.

Most models can be forced to call the tool. For the others, the request contains the tool's schema as text, and the
reply must be JSON (tuner/aws/bedrock/json_reply.py).
"""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from pydantic import JsonValue

from tuner.aws.bedrock import json_reply
from tuner.aws.bedrock.json_reply import ToolSchema
from tuner.aws.clients import Response, client
from tuner.aws.error_mapping import mapped_errors
from tuner.catalog import Judge, judge_or_assumed
from tuner.catalog.judges import InferenceConfig
from tuner.core.strict_model import JsonObject

# What a vendor adds to a request with a tool, and its template to the texts. Source: Anthropic's documentation of tool
# use, which names 313 to 804 tokens.
_TOKENS_AROUND_A_TOOL = 804 + 64
# The local cloud names itself in this header; AWS never sends it.
_STAND_IN = "x-local-stand-in"


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool whose arguments the model fills in."""

    name: str
    description: str
    schema: ToolSchema


@dataclass(frozen=True, slots=True)
class Attachment:
    """A document in a request: at most 5 with different names, 4.5 MB each. `text` is for models without documents.

    `name` may contain letters, digits, single spaces, hyphens, parentheses and brackets. A model may read it as an
    instruction, so it must not be the name of a user's file. Source: DocumentBlock, Amazon Bedrock API Reference.
    """

    name: str
    format: str
    data: bytes
    text: str = ""


@dataclass(frozen=True, slots=True)
class ToolReply:
    """A model's reply. `arguments` are not validated; they are None when there are none, and `problem` says why.

    `stand_in` names the local stand-in that answered instead of the model; it is empty on AWS.
    """

    arguments: JsonValue
    text: str
    stop_reason: str
    input_tokens: int
    output_tokens: int
    stand_in: str = ""
    problem: str = ""


def fill_in_tool(
    endpoint_id: str,
    system: str,
    text: str,
    tool: Tool,
    inference: InferenceConfig,
    bedrock: Any = None,
    documents: Sequence[Attachment] = (),
    as_text: bool = False,
) -> ToolReply:
    """Asks a model once for the arguments of `tool`, with a forced tool call if the catalog says that it supports one.

    `inference` is Converse's inferenceConfig. The `documents` come before the text. `as_text` asks for JSON as text in
    any case. It makes one attempt, so that the caller sees every throttling and can slow down. Raises TunerError.
    """
    known = judge_or_assumed(endpoint_id)
    request = _Request(system, text, tool, tuple(documents))
    forced = known.forced_tool and not as_text
    members = request.with_forced_tool() if forced else request.with_schema_in_prompt()
    with mapped_errors(f"ask {'the model' if documents else 'the judge'} {endpoint_id}"):
        reply = (bedrock or client("bedrock-runtime", attempts=1)).converse(
            modelId=endpoint_id,
            messages=[{"role": "user", "content": [*_documents(known, documents), {"text": text}]}],
            inferenceConfig=dict(inference),
            **members,
        )
    return _reply(reply, request, forced)


def record_of_batch(system: str, text: str, tool: Tool, inference: InferenceConfig) -> JsonObject:
    """The request that asks for JSON as text, as the `modelInput` of a batch job in the form of Converse.

    Records with a toolConfig fail there: Amazon Bedrock User Guide, "Process multiple prompts with batch inference".
    """
    return {
        "messages": [{"role": "user", "content": [{"text": text}]}],
        "inferenceConfig": {**inference},
        **_Request(system, text, tool, ()).with_schema_in_prompt(),
    }


def reply_of_batch(output: Response, system: str, text: str, tool: Tool) -> ToolReply:
    """The reply in the `modelOutput` of a record that `record_of_batch` made."""
    return _reply(output, _Request(system, text, tool, ()), forced=False)


def most_input_tokens(endpoint_id: str, system: str, text: str, tool: Tool, as_text: bool = False) -> int:
    """The most input tokens of a request without documents: a token for every byte, and what vendors add for a tool."""
    request = _Request(system, text, tool, ())
    sent = [system, text]
    if judge_or_assumed(endpoint_id).forced_tool and not as_text:
        sent += [tool.name, tool.description, json.dumps(tool.schema, ensure_ascii=False)]
    else:
        sent.append(json_reply.request(tool.schema, request.mark))
    return sum(len(part.encode("utf-8", "surrogatepass")) for part in sent) + _TOKENS_AROUND_A_TOOL


@dataclass(frozen=True, slots=True)
class _Request:
    """A request, independent of how the model is asked."""

    system: str
    text: str
    tool: Tool
    documents: tuple[Attachment, ...]

    def with_forced_tool(self) -> JsonObject:
        """Converse's members that force the model to call the tool."""
        tool = self.tool
        specification: dict[str, Any] = {
            "name": tool.name,
            "description": tool.description,
            "inputSchema": {"json": {**tool.schema}},
        }
        return {
            "system": [{"text": self.system}],
            "toolConfig": {"tools": [{"toolSpec": specification}], "toolChoice": {"tool": {"name": tool.name}}},
        }

    def with_schema_in_prompt(self) -> JsonObject:
        """Converse's members that ask for the tool's arguments as JSON."""
        return {"system": [{"text": f"{self.system}\n\n{json_reply.request(self.tool.schema, self.mark)}"}]}

    @property
    def mark(self) -> str:
        """The mark that distinguishes the model's own reply from JSON in the request."""
        return json_reply.mark(self.system, self.text, *(each.text for each in self.documents))


class _Source(TypedDict):
    bytes: bytes


class _Document(TypedDict):
    name: str
    format: str
    source: _Source


class _ContentBlock(TypedDict, total=False):
    """A block of a message: it has one of the two members."""

    text: str
    document: _Document


def _documents(known: Judge, documents: Sequence[Attachment]) -> list[_ContentBlock]:
    if known.documents:
        return [
            {"document": {"name": each.name, "format": each.format, "source": {"bytes": each.data}}}
            for each in documents
        ]
    # Escaped, so that the text cannot close the tag and continue as part of the prompt.
    return [{"text": f"<document>\n{html.escape(each.text, quote=False)}\n</document>"} for each in documents]


def _reply(reply: Response, request: _Request, forced: bool) -> ToolReply:
    blocks = reply.get("output", {}).get("message", {}).get("content", [])
    text = "".join(block.get("text", "") for block in blocks)
    stop_reason = str(reply.get("stopReason", ""))
    if forced:
        arguments, problem = _called(blocks, request.tool.name, stop_reason)
    else:
        arguments, problem = json_reply.read(text, request.tool.schema, request.mark)
    usage = reply.get("usage", {})
    return ToolReply(
        arguments=arguments,
        text=text,
        stop_reason=stop_reason,
        input_tokens=int(usage.get("inputTokens", 0)),
        output_tokens=int(usage.get("outputTokens", 0)),
        stand_in=str(reply.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get(_STAND_IN, "")),
        problem=problem,
    )


def _called(blocks: Sequence[Response], tool: str, stop_reason: str) -> tuple[JsonValue, str]:
    """The arguments of the tool call, or the reason why there are none."""
    for block in blocks:
        if block.get("toolUse", {}).get("name") == tool:
            return block["toolUse"].get("input"), ""
    return None, f"it was not given with the tool {tool} (the reply ended with {stop_reason!r})."
