"""Grading: the similarity of an answer to a reference, for tools with a `score`.

The text of the request has the tags <question>, <reference> and <answer>.
"""

from __future__ import annotations

from typing import Any

from local.bedrock.engine.client import InferenceClient
from local.bedrock.state.settings import Settings
from local.bedrock.tools.similarity import Similarity, similarity
from local.bedrock.tools.tool_call import ToolCall

STAND_IN = "Local stand-in, not a language model: this grade is similarity to the reference."


def supports(call: ToolCall) -> bool:
    """Whether the tool has a property `score`, and the text has a reference and an answer."""
    return "score" in call.properties and None not in (call.tagged("reference"), call.tagged("answer"))


def arguments(settings: Settings, inference: InferenceClient, call: ToolCall) -> dict[str, Any]:
    """The score on the scale of the schema, and the terms that it was computed from."""
    compared = compare(settings, inference, call, "answer")
    scale = call.properties["score"]
    lowest, highest = scale.get("minimum", 1), scale.get("maximum", 10)
    # The similarity is between 0 and 1. The tool's schema defines the scale of the grade.
    score = lowest + compared.score * (highest - lowest)
    graded = {"score": round(score) if scale.get("type") == "integer" else score}
    return graded | {"reasoning": f"{STAND_IN} It comes from: {compared.explained()}."}


def compare(settings: Settings, inference: InferenceClient, call: ToolCall, tag: str) -> Similarity:
    """The similarity of the text in `tag` to the reference. The engine `instant` compares without embeddings."""
    question, reference, answer = (call.tagged(name) or "" for name in ("question", "reference", tag))
    vectors = None
    if settings.engine != "instant":
        texts = [question, reference, answer]
        vectors = inference.embed(texts, settings.torch_threads, settings.answer_timeout_seconds)
    return similarity(question, reference, answer, vectors)
