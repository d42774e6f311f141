"""Grading an answer against a reference: tools with a `score`, the text tagged question, reference, answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.bedrock.tools.similarity import Similarity, similarity

if TYPE_CHECKING:
    from local.bedrock.bedrock import Bedrock
    from local.bedrock.tools.call import ToolCall

STAND_IN = "Local stand-in, not a language model: this grade is similarity to the reference."


def fits(call: ToolCall) -> bool:
    """Whether the tool asks for a score and the text has a reference and an answer."""
    return "score" in call.properties and None not in (call.tagged("reference"), call.tagged("answer"))


def fill(bedrock: Bedrock, call: ToolCall) -> dict[str, Any]:
    """The score on the schema's own scale, and what it was made of."""
    compared = compare(bedrock, call, "answer")
    scale = call.properties["score"]
    lowest, highest = scale.get("minimum", 1), scale.get("maximum", 10)
    score = lowest + compared.score * (highest - lowest)
    verdict = {"score": round(score) if scale.get("type") == "integer" else score}
    return verdict | {"reasoning": f"{STAND_IN} It comes from: {compared.explained()}."}


def compare(bedrock: Bedrock, call: ToolCall, tag: str) -> Similarity:
    """The similarity of the text under `tag` to the reference; the instant engine compares without embeddings."""
    question, reference, answer = (call.tagged(name) or "" for name in ("question", "reference", tag))
    vectors = None
    if bedrock.settings.engine != "instant":
        settings = bedrock.settings
        texts = [question, reference, answer]
        vectors = bedrock.inference.embed(texts, settings.torch_threads, settings.answer_timeout_seconds)
    return similarity(question, reference, answer, vectors)
