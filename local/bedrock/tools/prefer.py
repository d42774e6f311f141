"""Preference: the answer that is more similar to the reference, for tools with a `preferred`.

The text of the request has the tags <question>, <reference>, <answer_1> and <answer_2>.
"""

from __future__ import annotations

from typing import Any

from local.bedrock.engine.client import InferenceClient
from local.bedrock.state.settings import Settings
from local.bedrock.tools.grade import compare
from local.bedrock.tools.tool_call import ToolCall

STAND_IN = "Local stand-in, not a language model: the answer more similar to the reference is preferred."
# Similarities that differ by less count as equal.
MIN_DIFFERENCE = 0.05


def supports(call: ToolCall) -> bool:
    """Whether the tool has a property `preferred`, and the text has a reference and two answers."""
    texts = [call.tagged(name) for name in ("reference", "answer_1", "answer_2")]
    return "preferred" in call.properties and None not in texts


def arguments(settings: Settings, inference: InferenceClient, call: ToolCall) -> dict[str, Any]:
    """1 or 2, or 0 if the similarities are about equal."""
    first, second = (compare(settings, inference, call, name).score for name in ("answer_1", "answer_2"))
    preferred = 0 if abs(first - second) < MIN_DIFFERENCE else 1 if first > second else 2
    return {"preferred": preferred, "reasoning": f"{STAND_IN} Similarities: {first:.2f} and {second:.2f}."}
