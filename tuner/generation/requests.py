"""Sends one request about one chunk to a model, and caches the reply by the content of the request."""

from __future__ import annotations

import hashlib
import html
import itertools
import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from tuner.aws.bedrock.json_reply import ToolSchema
from tuner.aws.bedrock.tool_call import Attachment, Tool, ToolReply, fill_in_tool, most_input_tokens
from tuner.catalog import judge_or_assumed
from tuner.catalog.judges import InferenceConfig
from tuner.core.errors import RetryableError
from tuner.core.strict_model import JsonObject
from tuner.core.wording import plural
from tuner.costs.meter import Meter, Tokens
from tuner.generation.cache import ReplyCache
from tuner.generation.chunks import Chunk
from tuner.generation.pair_validation import MAX_ANSWER_CHARACTERS, MAX_PASSAGE_CHARACTERS, MAX_QUESTION_CHARACTERS

# A reply with more pairs could exceed the time limit of a request.
MAX_PAIRS_PER_REQUEST = 8

_TOKENS_PER_PAIR = 600
_TOKENS_PER_REPLY = 400
_RETRY_SECONDS = 180.0
_MIN_DELAY_SECONDS, _MAX_DELAY_SECONDS = 0.5, 20.0
# Earlier questions and problems that are repeated to the model.
_MAX_ASKED, _MAX_PROBLEMS = 40, 10
# Their bytes, so that a request has a largest size. A question has 80 bytes on average.
_MAX_ASKED_BYTES, _MAX_PROBLEM_BYTES = 6_000, 2_000
# A prompt's bytes without these texts: the sentence that asks, and the tags.
_PROMPT_BYTES = 300
# Tokens of a PDF page for a model that also reads it as an image. Source: Anthropic's documentation on PDF files, 2026.
_TOKENS_PER_PAGE = 3_000
MOST_SENDS = 2
"""How often a request is sent at most, on average. A reply that was lost may have been billed."""


@dataclass(frozen=True, slots=True)
class PairRequest:
    """How many pairs to ask for, which questions were asked before, and what was wrong with the last reply."""

    chunk: Chunk
    count: int
    asked: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


Ask = Callable[[str, str, str, Tool, InferenceConfig, Sequence[Attachment]], ToolReply]


def converse(
    model: str, system: str, text: str, tool: Tool, inference: InferenceConfig, documents: Sequence[Attachment]
) -> ToolReply:
    """Sends one request to Bedrock."""
    return fill_in_tool(model, system, text, tool, inference, documents=documents)


class GeneratorModel:
    """A model that writes pairs, by its id or inference profile.

    Throttled requests are retried for three minutes, because the step reserves five minutes for its last request. The
    state machine retries the step after that.
    """

    def __init__(
        self,
        model: str,
        cache: ReplyCache,
        ask: Ask = converse,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        meter: Meter | None = None,
    ) -> None:
        self.model = model
        self._meter = meter
        self._cache = cache
        self._ask = ask
        self._clock = clock
        self._sleep = sleep

    def reply(self, request: PairRequest) -> tuple[ToolReply, bool]:
        """The reply, and whether it was in the cache. Raises the errors of `fill_in_tool`."""
        key, text = self._key(request), _prompt(request)
        if found := self._cache.find(key):
            return found, True
        # A fixed name: a model may read the name of a document as an instruction.
        chunk = request.chunk
        document = Attachment("Document", chunk.format, chunk.data, chunk.text)
        members = (self.model, instructions(), text, tool_for(request.count), self._inference(request), [document])
        most = request_tokens(self.model, text, request)
        reply = self._with_retries(lambda: self._metered(most, lambda: self._ask(*members)))
        self._cache.keep(key, reply)
        return reply, False

    def _metered(self, most: Tokens, call: Callable[[], ToolReply]) -> ToolReply:
        return self._meter.ask(most, call) if self._meter else call()

    def _with_retries(self, call: Callable[[], ToolReply]) -> ToolReply:
        started = self._clock()
        for attempt in itertools.count():
            try:
                return call()
            except RetryableError:
                if self._clock() - started > _RETRY_SECONDS:
                    raise
            delay = min(_MAX_DELAY_SECONDS, _MIN_DELAY_SECONDS * 2**attempt)
            self._sleep(random.uniform(delay / 2, delay))  # noqa: S311 - jitter, not a secret
        raise AssertionError("unreachable: the loop has no end")

    def _inference(self, request: PairRequest) -> InferenceConfig:
        return judge_or_assumed(self.model).inference_config(max_tokens(request.count))

    def _key(self, request: PairRequest) -> str:
        # The chunk's text, not its bytes: pypdf does not write the same pages to the same bytes twice.
        content = [
            self.model,
            self._inference(request),
            instructions(),
            _prompt(request),
            tool_for(request.count).schema,
            [request.chunk.document, request.chunk.place, request.chunk.format, request.chunk.text],
        ]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()


def max_tokens(count: int) -> int:
    """The limit of output tokens for a reply with `count` pairs."""
    return _TOKENS_PER_REPLY + count * _TOKENS_PER_PAIR


def request_tokens(model: str, text: str, request: PairRequest) -> Tokens:
    """The most tokens of one request with this prompt."""
    read = most_input_tokens(model, instructions(), text, tool_for(request.count)) + _chunk_tokens(request.chunk)
    inference = judge_or_assumed(model).inference_config(max_tokens(request.count))
    return Tokens(read, int(inference["maxTokens"]))


def largest_request(model: str, chunk: Chunk, count: int) -> Tokens:
    """The most tokens of any request about this chunk."""
    empty = request_tokens(model, "", PairRequest(chunk, count))
    return empty + Tokens(_PROMPT_BYTES + _MAX_ASKED_BYTES + _MAX_PROBLEM_BYTES, 0)


def _chunk_tokens(chunk: Chunk) -> int:
    """A token for each byte; models that do not read documents get the text escaped."""
    return len(html.escape(chunk.text, quote=False).encode("utf-8", "surrogatepass")) + chunk.pages * _TOKENS_PER_PAGE


def tool_for(count: int) -> Tool:
    """The tool that records at most `count` pairs.

    The top level of the schema has only `type`, `properties` and `required`: Nova refuses other members there.
    """
    properties: dict[str, JsonObject] = {
        "question": {"type": "string", "minLength": 1, "maxLength": MAX_QUESTION_CHARACTERS},
        "answer": {"type": "string", "minLength": 1, "maxLength": MAX_ANSWER_CHARACTERS},
        "passage": {
            "type": "string",
            "description": "the words of the document that the answer is from, exactly as they stand there",
            "minLength": 1,
            "maxLength": MAX_PASSAGE_CHARACTERS,
        },
    }
    pair: JsonObject = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    schema: ToolSchema = {
        "type": "object",
        "properties": {"pairs": {"type": "array", "maxItems": count, "items": pair}},
        "required": ["pairs"],
    }
    return Tool("record_pairs", "Records question-answer pairs about the document.", schema)


@cache
def instructions() -> str:
    """The system prompt."""
    return files(__package__).joinpath("instructions.txt").read_text("utf-8").strip()


def _prompt(request: PairRequest) -> str:
    wanted = plural(request.count, "question-answer pair")
    lines = [f"Record {wanted} about the document."]
    if request.asked:
        lines.append(_tagged("already_asked", request.asked[-_MAX_ASKED:], _MAX_ASKED_BYTES))
    if request.problems:
        problems = tuple(dict.fromkeys(request.problems))[:_MAX_PROBLEMS]
        lines.append(_tagged("why_earlier_pairs_could_not_be_used", problems, _MAX_PROBLEM_BYTES))
    return "\n\n".join(lines)


def _tagged(name: str, texts: Sequence[str], most_bytes: int) -> str:
    """One text per line, the last ones that fit. Escaped: these texts come from documents and could close the tag."""
    lines: list[str] = []
    for text in reversed(texts):
        line = html.escape(" ".join(text.split()), quote=False)
        most_bytes -= len(line.encode("utf-8", "surrogatepass")) + 1
        if most_bytes < 0:
            break
        lines.insert(0, line)
    return "\n".join((f"<{name}>", *lines, f"</{name}>"))
