"""Question-answer pairs from a document's own sentences: tools with a list of `pairs`, and a document block.

No language model reads here: a sentence becomes the answer and the passage, its beginning the question.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local.bedrock.bedrock import Bedrock
    from local.bedrock.tools.call import ToolCall

NAME = "sentence extractor"
_MOST = 100
_FENCE = re.compile(r"^```.*?(?:^```|\Z)", re.DOTALL | re.MULTILINE)
_LEADING = re.compile(r"^\s*(?:[-*+>•]|\d+[.)])\s+")
_MARKS = re.compile(r"[*_`]+")
_SENTENCE = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[A-Z0-9\"'(\[`*])|(?<=[。！？])")
# A sentence that leans on the one before it makes no question of its own.
_LEANING = re.compile(
    r"(?:it|its|this|that|these|those|they|them|their|there|here|he|she|we|you|your|but|and|or|so|then|thus|however|"
    r"therefore|also|instead|otherwise|both|either|such|for example|in addition|note|if|when|because|while)\b",
    re.IGNORECASE,
)
_IS = re.compile(r"(?P<subject>\S+(?: \S+){0,5}?) (?P<verb>is|are|was|were) (?!not\b)\S+")
_MODAL = re.compile(r"(?P<subject>\S+(?: \S+){0,5}?) (?P<verb>can|must|may|should|will|could|cannot) \S+")
_DETERMINER = re.compile(r"(?:A|An|The|Each|Every|All|Any|Most|Some|No|Only|Several|Many|Two|Three)\b")
_SHORTEST, _LONGEST, _CUE = 40, 400, 6


def fits(call: ToolCall) -> bool:
    """Whether the tool asks for pairs, and there is a document to take them from."""
    return "pairs" in call.properties and bool(call.documents)


def fill(_: Bedrock, call: ToolCall) -> dict[str, Any]:
    """At most as many pairs as the schema takes, none that <already_asked> has."""
    asked = set((call.tagged("already_asked") or "").splitlines())
    most = call.properties["pairs"].get("maxItems", _MOST)
    pairs: list[dict[str, str]] = []
    for question, sentence in _questions("\n\n".join(call.documents)):
        if len(pairs) < most and question not in asked:
            asked.add(question)
            pairs.append({"question": question, "answer": _MARKS.sub("", sentence), "passage": sentence})
    return {"pairs": pairs}


def _questions(text: str) -> Iterator[tuple[str, str]]:
    """Questions that a sentence answers, in the document's order; then those that only ask how a sentence goes on."""
    incomplete = []
    for sentence in _sentences(text):
        said = _MARKS.sub("", sentence)
        for pattern in (_IS, _MODAL):
            if (found := pattern.match(said)) and "," not in found["subject"]:
                rest = "" if pattern is _IS else " do"
                yield f"What {found['verb']} {_inside(found['subject'])}{rest}?", sentence
                break
        else:
            incomplete.append((f'How does this statement go on: "{" ".join(said.split()[:_CUE])} ..."?', sentence))
    yield from incomplete


def _sentences(text: str) -> Iterator[str]:
    for block in re.split(r"\n\s*\n|\n(?=\s*(?:[-*+>•#|]|\d+[.)])\s)", _FENCE.sub("", text)):
        if block.lstrip().startswith(("#", "|")):
            continue
        for sentence in _SENTENCE.split(" ".join(_LEADING.sub("", block).split())):
            whole = sentence.endswith((".", "!", "。", "！"))
            if whole and _SHORTEST <= len(sentence) <= _LONGEST and not _LEANING.match(sentence):
                yield sentence


def _inside(subject: str) -> str:
    """The subject as it stands inside a sentence."""
    return subject[0].lower() + subject[1:] if _DETERMINER.match(subject) else subject
