"""Preferring one of two answers: tools with a `preferred`, the text tagged answer_1 and answer_2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.bedrock.tools.grade import compare

if TYPE_CHECKING:
    from local.bedrock.bedrock import Bedrock
    from local.bedrock.tools.call import ToolCall

STAND_IN = "Local stand-in, not a language model: the answer more similar to the reference is preferred."
LEAST_DIFFERENCE = 0.05


def fits(call: ToolCall) -> bool:
    """Whether the tool asks for a preference and the text has a reference and two answers."""
    texts = [call.tagged(name) for name in ("reference", "answer_1", "answer_2")]
    return "preferred" in call.properties and None not in texts


def fill(bedrock: Bedrock, call: ToolCall) -> dict[str, Any]:
    """1 or 2, or 0 where the similarities are about equal."""
    first, second = (compare(bedrock, call, name).score for name in ("answer_1", "answer_2"))
    preferred = 0 if abs(first - second) < LEAST_DIFFERENCE else 1 if first > second else 2
    return {"preferred": preferred, "reasoning": f"{STAND_IN} Similarities: {first:.2f} and {second:.2f}."}
