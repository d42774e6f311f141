"""The fast path gives the same output and findings as the validation row by row."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tests.unit.datasets.memory_files import CLAUDE, NOVA, MemorySink, MemorySource
from tuner.catalog import model
from tuner.datasets import Findings
from tuner.datasets.pipeline import FilePipeline, Output
from tuner.datasets.records.rules import RecordLimits
from tuner.settings import FieldNames

TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["", " \n", "User: x", 'a"},\n{"question": "b', "\ud83d", "x" * 96_001, "}\n{", '\\"question"']),
)
VALUES = st.one_of(TEXTS, st.none(), st.integers(), st.just(float("nan")), st.lists(TEXTS, max_size=2))
RECORDS = st.one_of(
    st.fixed_dictionaries({"question": TEXTS, "answer": TEXTS}),
    st.fixed_dictionaries({"question": TEXTS, "answer": TEXTS}, optional={"id": VALUES, "system": TEXTS}),
    st.dictionaries(st.sampled_from(["question", "answer", "extra"]), VALUES),
)
GOOD = {"question": "q", "answer": "a"}


def converted(data: bytes, chunk: int, use_fast_path: bool, base_model: str) -> tuple:
    findings, sink = Findings(), MemorySink()
    limits = RecordLimits(model(base_model), "training", "Be kind.")
    output = Output(sink)
    FilePipeline(MemorySource("training.jsonl", data, chunk), limits, FieldNames(), findings, use_fast_path).convert(
        output
    )
    return sink.written, findings.artifact(), output.records, output.text_bytes, output.bytes


@pytest.mark.slow
@given(
    st.lists(RECORDS, max_size=12),
    st.booleans(),
    st.booleans(),
    st.sampled_from([50, 10_000, 10**7]),
    st.sampled_from([CLAUDE, NOVA]),
)
@settings(max_examples=examples(30))
def test_the_fast_path_gives_the_same_result(records, as_array, escaped, chunk, base_model):
    texts = [json.dumps(record, ensure_ascii=escaped) for record in [GOOD, *records]]
    text = f"[{', '.join(texts)}]" if as_array else "\n".join(texts)
    data = text.encode("utf-8", "surrogatepass")
    assert converted(data, chunk, True, base_model) == converted(data, chunk, False, base_model)


@given(
    st.lists(st.sampled_from(['{"question":"q","answer":"a"}', "\n", " ", "\r\n", '{"question":"q",', '"answer":"b"}']))
)
def test_lines_are_split_alike_on_both_paths(pieces):
    data = ('{"question":"q","answer":"a"}\n' + "".join(pieces)).encode()
    assert converted(data, 1000, True, CLAUDE) == converted(data, 1000, False, CLAUDE)


def test_the_fast_path_is_used(monkeypatch):
    data = (json.dumps(GOOD) + "\n").encode() * 100
    source = MemorySource("training.jsonl", data, 1000)
    reading = FilePipeline(source, RecordLimits(model(CLAUDE), "training"), FieldNames(), Findings())
    monkeypatch.setattr(reading, "_row_by_row", None)  # any row that takes the long way would fail
    output = Output(MemorySink())
    reading.convert(output)
    assert output.records == 100


QUOTED = ["q", r"\"", r"\\", r"\\\"", r"\n", r"\u0022", r"\"answer\":\"x\"", "answer", r"\\\\"]
NAMES = [("question", "answer"), ("answer", "question"), ("question", "answer", "answer"), ("question",)]


@given(
    st.lists(st.tuples(st.sampled_from(NAMES), st.lists(st.sampled_from(QUOTED), min_size=3, max_size=3)), max_size=6),
    st.booleans(),
)
@example([(NAMES[2], [r"\\"] * 3), (NAMES[0], [r"\\", "a", "a"])], False)  # as many quotes after `\\` as one name adds
@settings(deadline=None)
def test_a_repeated_name_is_detected_with_any_quotes(records, many_escapes):
    padding = r"\n" * 60 if many_escapes else "padding"
    texts = [f'{{"question": "{padding}", "answer": "a"}}']
    for names, values in records:
        fields = (f'"{name}": "{value}"' for name, value in zip(names, values, strict=False))
        texts.append("{" + ", ".join(fields) + "}")
    data = "".join(f"{text}\n" for text in texts).encode()
    assert converted(data, 10_000, True, CLAUDE) == converted(data, 10_000, False, CLAUDE)


@pytest.mark.parametrize("name", ["answer\n", 'an "id"', "a\\b", "\ud83d", "\0", "id"])
def test_names_with_any_characters(name):
    data = "".join(json.dumps({**GOOD, name: "x"}) + "\n" for _ in range(3)).encode()
    short, long = (converted(data, 10_000, use_fast_path, CLAUDE) for use_fast_path in (True, False))
    assert short == long
    assert short[2] == 3
