"""The generator returns exactly as many pairs as asked for, over all documents, with limited requests."""

from __future__ import annotations

import itertools
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tests.unit.generation.samples import (
    Writer,
    library,
    pair,
    run,
    sentences,
)
from tuner.artifacts.generated import GeneratedPair
from tuner.aws.bedrock.tool_call import ToolReply
from tuner.generation import shortfall_message
from tuner.generation.generator import max_requests
from tuner.generation.reading.passages import essence
from tuner.generation.requests import MAX_PAIRS_PER_REQUEST

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def is_true(origin: GeneratedPair, chunks) -> bool:
    said = [chunk.text for chunk in chunks if (chunk.document, chunk.place) == (origin.document, origin.place)]
    return any(essence(origin.passage) in essence(text) for text in said)


@pytest.mark.slow
@settings(max_examples=examples(20))
@given(st.lists(st.integers(1, 40), min_size=1, max_size=5), st.integers(1, 40))
def test_there_are_exactly_as_many_pairs_as_asked_for_or_all_possible_ones(sizes: list[int], count: int) -> None:
    chunks = library(*sizes).chunks
    writer = Writer()
    made = run(chunks, count, writer)
    assert len(made.pairs) == min(count, sum(sizes)) or made.calls == max_requests(len(chunks), count)
    assert len(made.pairs) <= count
    assert len(writer.calls) == made.calls <= max_requests(len(chunks), count)
    assert len({essence(origin.question) for origin in made.pairs}) == len(made.pairs)
    assert all(is_true(origin, chunks) for origin in made.pairs)
    if sum(sizes) >= 2 * count:
        assert len(made.pairs) == count


@pytest.mark.slow
@settings(max_examples=examples(20))
@given(st.lists(ANY_JSON | st.lists(ANY_JSON, max_size=12), max_size=6), st.integers(1, 12))
def test_pairs_keep_to_the_schema_for_any_reply(replies: list[Any], count: int) -> None:
    endless = itertools.cycle(replies or [None])
    made = run(library(30).chunks, count, Writer(reply=lambda pairs, _: next(endless)))
    assert (made.pairs, made.done) == ([], True)


@pytest.mark.slow
@settings(max_examples=examples(20))
@given(st.integers(1, 12), st.integers(0, 60))
def test_pairs_beyond_the_requested_number_are_ignored(count: int, extra: int) -> None:
    def more(_: list[dict[str, str]], call: int) -> list[dict[str, str]]:
        return [pair(sentence) for sentence in sentences(count + extra)][8 * (call - 1) :]

    chunks = library(count + extra).chunks[:1]
    writer = Writer(reply=more)
    made = run(chunks, count, writer)
    assert len(made.pairs) == count
    for call in writer.calls:
        schema = call["tool"].schema
        given = [vars_of(origin) for origin in made.pairs][: schema["properties"]["pairs"]["maxItems"]]
        jsonschema.validate({"pairs": given}, schema)


def vars_of(origin: GeneratedPair) -> dict[str, str]:
    return {"question": origin.question, "answer": origin.answer, "passage": origin.passage}


def test_the_pairs_are_distributed_over_the_documents() -> None:
    made = run(library(60, 60, 60, 20).chunks, 20, Writer())
    shares = [sum(origin.document == f"{number}.txt" for origin in made.pairs) for number in range(4)]
    assert shares == [6, 6, 6, 2]


def test_with_many_chunks_each_request_asks_for_one_pair() -> None:
    chunks = library(600, 600).chunks
    writer = Writer()
    made = run(chunks, 6, writer)
    assert len({(origin.document, origin.place) for origin in made.pairs}) == 6
    assert len(writer.calls) == 6


def test_a_request_has_a_maximum_of_pairs() -> None:
    writer = Writer()
    run(library(200).chunks[:1], 40, writer)
    asked = [call["tool"].schema["properties"]["pairs"]["maxItems"] for call in writer.calls]
    assert max(asked) == MAX_PAIRS_PER_REQUEST
    assert all(call["inference"]["maxTokens"] == 400 + 600 * n for call, n in zip(writer.calls, asked, strict=True))


def test_documents_with_too_little_text_end_the_generation_with_the_reason() -> None:
    documents = library(3)
    made = run(documents.chunks, 32, Writer())
    assert (len(made.pairs), made.done) == (3, True)
    assert made.calls <= 5
    sentence = shortfall_message(made, 32, documents, "--count")
    assert sentence.startswith("The documents gave 3 of 32 question-answer pairs, in ")
    assert "Add documents, or set --count to at most 3." in sentence


def test_a_reply_without_a_tool_call_yields_no_pairs() -> None:
    def prose(*_: Any) -> ToolReply:
        return ToolReply(None, "Here are your pairs!", "end_turn", 10, 5)

    made = run(library(10).chunks, 4, prose)
    assert (made.pairs, made.calls, made.output_tokens) == ([], 2, 10)
    assert run(library(10).chunks, 4, Writer(reply=lambda pairs, call: pairs if call > 1 else {"no": "list"})).pairs


def test_too_many_pairs_of_one_document_do_not_reduce_those_of_others() -> None:
    def everything(pairs: list[dict[str, str]], _: int) -> list[dict[str, str]]:
        number = int(pairs[0]["answer"].split()[1]) // 20 * 20
        return [pair(sentence) for sentence in sentences(20, number)]

    made = run(library(20, 20, 20).chunks, 6, Writer(reply=everything))
    assert [origin.document for origin in made.pairs] == ["0.txt"] * 2 + ["1.txt"] * 2 + ["2.txt"] * 2


def test_the_number_of_requests_is_limited() -> None:
    writer = Writer(reply=lambda pairs, _: pairs[:1])
    made = run(library(60).chunks, 40, writer)
    assert (made.done, len(made.pairs), len(writer.calls)) == (True, 14, max_requests(1, 40))
    writer.calls.clear()
    run(library(60, 60, 60).chunks, 40, writer)  # the limit lies inside a round
    assert len(writer.calls) == max_requests(3, 40) == 14
