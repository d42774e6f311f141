"""Replies of an interrupted generation stay cached, and nothing is paid for twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tests.unit.generation.samples import (
    JUDGE,
    MemoryReplies,
    Writer,
    generation,
    library,
    run,
)
from tuner.aws.bedrock.tool_call import ToolReply
from tuner.core.errors import AwsError, ThrottledError
from tuner.generation import GeneratorModel
from tuner.generation.cache import FileReplyCache
from tuner.generation.requests import PairRequest


class Cut(Exception):
    """The process ends."""


@settings(max_examples=examples(15))
@given(st.integers(0, 2))
def test_an_interrupted_generation_continues_without_paying_twice(at: int) -> None:
    chunks = library(40, 40, 40).chunks
    undisturbed = run(chunks, 24, Writer())
    replies = MemoryReplies()
    writer = Writer()

    def cut(*arguments: Any) -> ToolReply:
        if len(writer.calls) >= at:
            raise Cut
        return writer(*arguments)

    assert undisturbed.calls == 3
    with pytest.raises(Cut):
        run(chunks, 24, cut, replies=replies)
    again = run(chunks, 24, writer, replies=replies)
    assert again.pairs == undisturbed.pairs
    assert len(again.pairs) == 24
    assert len(writer.calls) == undisturbed.calls == again.calls
    assert again.input_tokens == undisturbed.input_tokens
    assert again.uncached_calls == undisturbed.calls - at


def test_without_time_left_it_stops_after_a_request_and_continues_later() -> None:
    chunks = library(40, 40, 40, 40, 40, 40).chunks
    replies, writer = MemoryReplies(), Writer()
    first = generation(chunks, 24, writer, replies).run(lambda: False)
    assert (first.done, len(writer.calls)) == (False, 4)
    rounds = 1
    while not (made := generation(chunks, 24, writer, replies).run(lambda: False)).done:
        rounds += 1
    assert len(made.pairs) == 24
    assert rounds < 10


def test_a_chunk_that_bedrock_refuses_is_skipped() -> None:
    writer = Writer()

    def refuses(*arguments: Any) -> ToolReply:
        if b"Apparatus 0 " in arguments[-1][0].data:
            raise AwsError("ValidationException: the document is odd")
        return writer(*arguments)

    chunks = library(20, 20).chunks
    made = run(chunks, 10, refuses)
    assert len(made.pairs) == 10
    assert {origin.document for origin in made.pairs} == {"1.txt"}
    with pytest.raises(AwsError, match="the document is odd"):
        run(chunks[:1], 10, refuses)


def test_throttled_requests_are_retried_for_three_minutes() -> None:
    (chunk,) = library(5).chunks
    writer, now, waits = Writer(), [0.0], []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        now[0] += seconds

    def throttled(*arguments: Any) -> ToolReply:
        if now[0] < 100:
            raise ThrottledError("slow down")
        return writer(*arguments)

    reply, _ = GeneratorModel(JUDGE, MemoryReplies(), throttled, lambda: now[0], sleep).reply(PairRequest(chunk, 2))
    assert isinstance(reply.arguments, dict)
    pairs = reply.arguments["pairs"]
    assert isinstance(pairs, list)
    assert len(pairs) == 2
    assert max(waits) <= 20
    assert waits[0] <= 0.5
    now[0] = -100.0
    with pytest.raises(ThrottledError):
        GeneratorModel(JUDGE, MemoryReplies(), throttled, lambda: now[0], sleep).reply(PairRequest(chunk, 2))
    assert 80 < now[0] < 100


def test_lasting_throttling_ends_the_attempt_and_replies_stay_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tuner.generation.requests._RETRY_SECONDS", -1)
    replies, writer = MemoryReplies(), Writer()

    def throttled(*arguments: Any) -> ToolReply:
        if b"Apparatus 0 " in arguments[-1][0].data:
            raise ThrottledError("slow down")
        return writer(*arguments)

    chunks = library(20, 20, 20).chunks
    with pytest.raises(ThrottledError):
        run(chunks, 9, throttled, replies=replies)
    assert len(replies.kept) == len(writer.calls)
    assert len(run(chunks, 9, writer, replies=replies).pairs) == 9
    assert len(writer.calls) == 3


def test_the_cache_key_does_not_depend_on_the_bytes_of_a_chunk() -> None:
    (chunk,) = library(5).chunks
    generator = GeneratorModel(JUDGE, MemoryReplies(), Writer())
    assert generator._key(PairRequest(chunk, 2)) == generator._key(PairRequest(replace(chunk, data=b"other"), 2))
    keys = {
        generator._key(request)
        for request in (
            PairRequest(chunk, 2),
            PairRequest(chunk, 3),
            PairRequest(chunk, 2, ("What?",)),
            PairRequest(replace(chunk, text="other"), 2),
        )
    }
    assert len(keys) == 4


@pytest.mark.parametrize("data", ["not JSON", '{"arguments": {}, "tokens": "another form"}'])
def test_a_reply_of_another_form_is_asked_for_again(data: str, tmp_path: Path) -> None:
    cache = FileReplyCache(tmp_path)
    reply = ToolReply({"pairs": ["\ud800"]}, "", "tool_use", 100, 10)
    cache.keep("key", reply)
    assert cache.find("key") == replace(reply, arguments={"pairs": ["\ufffd"]})
    (tmp_path / "key.json").write_text(data)
    assert cache.find("key") is None
