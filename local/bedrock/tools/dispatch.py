"""Computes the arguments of a tool call with the kind that supports it, and checks them against the tool's schema."""

from __future__ import annotations

from typing import Any

import jsonschema

from local.bedrock.engine.client import InferenceClient
from local.bedrock.errors import ValidationError
from local.bedrock.offered_models import judge_name
from local.bedrock.state.settings import Settings
from local.bedrock.tools import extract, grade, prefer
from local.bedrock.tools.judge_server import ask_server
from local.bedrock.tools.tool_call import ToolCall

KINDS = (grade, prefer, extract)


def answering_name(settings: Settings, call: ToolCall) -> str:
    """The name of what computes the arguments of the call."""
    return extract.NAME if not settings.judge_url and extract.supports(call) else judge_name(settings)


def tool_arguments(
    settings: Settings, inference: InferenceClient, call: ToolCall, max_tokens: int, temperature: float | None
) -> dict[str, Any] | str:
    """The tool's arguments, whose members the tool's schema defines. Text if a judge server did not use the tool.

    Raises:
        ValidationError: no kind supports the call, or the schema requires something that the kind cannot provide.
        ModelError: the judge server failed.
    """
    if settings.judge_url:
        # Invalid arguments are passed on unchanged. Callers of a judge must handle them on AWS too.
        return ask_server(settings, call, max_tokens, temperature)
    kind = next((kind for kind in KINDS if kind.supports(call)), None)
    if kind is None:
        raise ValidationError(
            f"The local stand-in does not support the tool '{call.name}'. It supports grading (a property `score`; "
            "tags <question>, <reference>, <answer>), preferences (`preferred`; <answer_1>, <answer_2>) and extraction "
            "(`pairs`; a document block). See docs/local-judge.md."
        )
    computed = kind.arguments(settings, inference, call) | _constants(call)
    arguments = {name: value for name, value in computed.items() if name in call.properties}
    try:
        jsonschema.validate(arguments, call.schema)
    except jsonschema.ValidationError as error:
        raise ValidationError(
            f"The local stand-in cannot satisfy the schema of the tool '{call.name}': {error.message}"
        ) from error
    return arguments


def _constants(call: ToolCall) -> dict[str, Any]:
    """The properties for which the schema allows one value only."""
    return {name: rule["const"] for name, rule in call.properties.items() if "const" in rule}
