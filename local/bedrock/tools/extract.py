"""Extraction: question-answer pairs from the sentences of a document, for tools with a list of `pairs`.

This stand-in uses no language model. A sentence is both the answer and the passage; its beginning makes the question.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from local.bedrock.engine.client import InferenceClient
from local.bedrock.state.settings import Settings
from local.bedrock.tools.tool_call import ToolCall

NAME = "sentence extractor"
_MAX_PAIRS = 100
_FENCE = re.compile(r"^```.*?(?:^```|\Z)", re.DOTALL | re.MULTILINE)
_LEADING = re.compile(r"^\s*(?:[-*+>•]|\d+[.)])\s+")
_MARKS = re.compile(r"[*_`]+")
_SENTENCE = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[A-Z0-9\"'(\[`*])|(?<=[。！？])")
# First words of a sentence that refers to the sentence before it. It is not clear without that one.
_DEPENDENT = re.compile(
    r"(?:it|its|this|that|these|those|they|them|their|there|here|he|she|we|you|your|but|and|or|so|then|thus|however|"
    r"therefore|also|instead|otherwise|both|either|such|for example|in addition|note|if|when|because|while)\b",
    re.IGNORECASE,
)
_IS = re.compile(r"(?P<subject>\S+(?: \S+){0,5}?) (?P<verb>is|are|was|were) (?!not\b)\S+")
_MODAL = re.compile(r"(?P<subject>\S+(?: \S+){0,5}?) (?P<verb>can|must|may|should|will|could|cannot) \S+")
_DETERMINER = re.compile(r"(?:A|An|The|Each|Every|All|Any|Most|Some|No|Only|Several|Many|Two|Three)\b")
# Characters of a sentence, and words of a question that repeats the beginning of a sentence.
_MIN_LENGTH, _MAX_LENGTH, _CUE_WORDS = 40, 400, 6


def supports(call: ToolCall) -> bool:
    """Whether the tool has a property `pairs`, and the request has a document."""
    return "pairs" in call.properties and bool(call.documents)


def arguments(_settings: Settings, _inference: InferenceClient, call: ToolCall) -> dict[str, Any]:
    """The pairs: at most as many as the schema allows, without the questions in <already_asked>."""
    asked = set((call.tagged("already_asked") or "").splitlines())
    max_pairs = call.properties["pairs"].get("maxItems", _MAX_PAIRS)
    pairs: list[dict[str, str]] = []
    for question, sentence in _questions("\n\n".join(call.documents)):
        if len(pairs) < max_pairs and question not in asked:
            asked.add(question)
            pairs.append({"question": question, "answer": _MARKS.sub("", sentence), "passage": sentence})
    return {"pairs": pairs}


def _questions(text: str) -> Iterator[tuple[str, str]]:
    """Questions with the sentences that answer them, in the order of the document.

    Sentences without a clear subject come last: their question asks how the sentence goes on.
    """
    incomplete = []
    for sentence in _sentences(text):
        plain = _MARKS.sub("", sentence)
        for pattern in (_IS, _MODAL):
            if (found := pattern.match(plain)) and "," not in found["subject"]:
                rest = "" if pattern is _IS else " do"
                yield f"What {found['verb']} {_inside(found['subject'])}{rest}?", sentence
                break
        else:
            incomplete.append(
                (f'How does this statement go on: "{" ".join(plain.split()[:_CUE_WORDS])} ..."?', sentence)
            )
    yield from incomplete


def _sentences(text: str) -> Iterator[str]:
    for block in re.split(r"\n\s*\n|\n(?=\s*(?:[-*+>•#|]|\d+[.)])\s)", _FENCE.sub("", text)):
        if block.lstrip().startswith(("#", "|")):
            continue
        for sentence in _SENTENCE.split(" ".join(_LEADING.sub("", block).split())):
            complete = sentence.endswith((".", "!", "。", "！"))
            if complete and _MIN_LENGTH <= len(sentence) <= _MAX_LENGTH and not _DEPENDENT.match(sentence):
                yield sentence


def _inside(subject: str) -> str:
    """The subject with a lower-case determiner, as it is written inside a sentence."""
    return subject[0].lower() + subject[1:] if _DETERMINER.match(subject) else subject
