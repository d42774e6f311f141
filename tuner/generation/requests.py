"""One request about one part, and its reply, remembered by content: what was paid for is never asked for again."""

from __future__ import annotations

import hashlib
import html
import itertools
import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Protocol

from tuner.aws.bedrock.tool_call import Attachment, Tool, ToolReply, fill_in_tool
from tuner.catalog import judge_or_assumed
from tuner.core.errors import RetryableError
from tuner.generation.chunks import Part
from tuner.generation.pairs import LONGEST_ANSWER, LONGEST_PASSAGE, LONGEST_QUESTION

MOST_PAIRS = 8
"""Asked for in one request: an answer of this length comes within the time a request may take."""

_TOKENS_PER_PAIR = 600
_TOKENS_AROUND = 400
_PATIENCE_SECONDS = 180.0
_SHORTEST_WAIT, _LONGEST_WAIT = 0.5, 20.0
_MOST_EARLIER = 40


class Replies(Protocol):
    """Replies by the hash of what was asked."""

    def find(self, key: str) -> Mapping[str, Any] | None:
        """The reply, or None."""
        ...

    def keep(self, key: str, reply: Mapping[str, Any]) -> None:
        """Remembers a reply at once."""
        ...


@dataclass(frozen=True, slots=True)
class Plan:
    """What to ask about a part: how many pairs, which questions there are already, what was wrong the last time."""

    part: Part
    count: int
    earlier: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


Ask = Callable[[str, str, str, Tool, Mapping[str, Any], Sequence[Attachment]], ToolReply]


def converse(
    model: str, system: str, text: str, tool: Tool, inference: Mapping[str, Any], documents: Sequence[Attachment]
) -> ToolReply:
    """Asks Bedrock once."""
    return fill_in_tool(model, system, text, tool, inference, documents=documents)


class Generator:
    """A model that writes pairs, by its id or inference profile.

    What is throttled or busy is asked again for three minutes, so that a request ends within the five that a step has
    left for it; longer patience is the state machine's.
    """

    def __init__(
        self,
        model: str,
        replies: Replies,
        ask: Ask = converse,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.model = model
        self._replies = replies
        self._ask = ask
        self._clock = clock
        self._sleep = sleep

    def reply(self, plan: Plan) -> tuple[ToolReply, bool]:
        """The reply to a plan, and whether it was there already. Raises as `fill_in_tool` does."""
        key, text = self._key(plan), _request(plan)
        if found := self._replies.find(key):
            return ToolReply(**found), True
        # The file's own name could pass for an instruction.
        document = Attachment("Document", plan.part.format, plan.part.data, plan.part.text)
        asked = (self.model, instructions(), text, tool_for(plan.count), self._inference(plan), [document])
        reply = self._patiently(lambda: self._ask(*asked))
        self._replies.keep(key, asdict(reply))
        return reply, False

    def _patiently(self, call: Callable[[], ToolReply]) -> ToolReply:
        started = self._clock()
        for attempt in itertools.count():
            try:
                return call()
            except RetryableError:
                if self._clock() - started > _PATIENCE_SECONDS:
                    raise
            longest = min(_LONGEST_WAIT, _SHORTEST_WAIT * 2**attempt)
            self._sleep(random.uniform(longest / 2, longest))  # noqa: S311 - jitter, not a secret
        raise AssertionError("counted without end")

    def _inference(self, plan: Plan) -> dict[str, Any]:
        return judge_or_assumed(self.model).inference_config(most_tokens(plan.count))

    def _key(self, plan: Plan) -> str:
        # The part's text, not its bytes: a PDF file of some pages is not written the same way twice.
        asked = [
            self.model,
            self._inference(plan),
            instructions(),
            _request(plan),
            tool_for(plan.count).schema,
            [plan.part.document, plan.part.place, plan.part.format, plan.part.text],
        ]
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()


def most_tokens(count: int) -> int:
    """Most tokens of a reply with `count` pairs."""
    return _TOKENS_AROUND + count * _TOKENS_PER_PAIR


def tool_for(count: int) -> Tool:
    """The tool that takes at most `count` pairs. No member but these three on top: Nova takes no other."""
    properties = {
        "question": {"type": "string", "minLength": 1, "maxLength": LONGEST_QUESTION},
        "answer": {"type": "string", "minLength": 1, "maxLength": LONGEST_ANSWER},
        "passage": {
            "type": "string",
            "description": "the words of the document that the answer is from, exactly as they stand there",
            "minLength": 1,
            "maxLength": LONGEST_PASSAGE,
        },
    }
    pair = {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    schema = {
        "type": "object",
        "properties": {"pairs": {"type": "array", "maxItems": count, "items": pair}},
        "required": ["pairs"],
    }
    return Tool("record_pairs", "Records question-answer pairs about the document.", schema)


@cache
def instructions() -> str:
    """The system prompt."""
    return files(__package__).joinpath("instructions.txt").read_text("utf-8").strip()


def _request(plan: Plan) -> str:
    wanted = "1 question-answer pair" if plan.count == 1 else f"{plan.count} question-answer pairs"
    lines = [f"Record {wanted} about the document."]
    if plan.earlier:
        lines.append(_tagged("already_asked", plan.earlier[-_MOST_EARLIER:]))
    if plan.problems:
        lines.append(_tagged("why_earlier_pairs_could_not_be_used", tuple(dict.fromkeys(plan.problems))[:10]))
    return "\n\n".join(lines)


def _tagged(name: str, texts: Sequence[str]) -> str:
    """One a line, escaped: these words come from documents too."""
    lines = "\n".join(html.escape(" ".join(text.split()), quote=False) for text in texts)
    return f"<{name}>\n{lines}\n</{name}>"
