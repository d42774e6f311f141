"""Damaged files of every kind: the name, the bytes, and the finding that each must give."""

from __future__ import annotations

import gzip
import io
import zipfile

from tests.unit.datasets.good_files import as_parquet
from tests.unit.datasets.memory_files import jsonl, pairs
from tests.unit.datasets.reading.zstandard import zstd

GOOD = jsonl(pairs(40))
VALIDATION = jsonl(pairs(32, 1000))


def broken_line(text: str) -> bytes:
    return GOOD + text.encode() + b"\n" + jsonl(pairs(1, 99))


def damaged(data: bytes) -> bytes:
    return data[:60] + b"\xff" * 30 + data[90:]


def nested(depth: int) -> str:
    return '{"question": ' + "[" * depth + "]" * depth + ', "answer": "a"}'


def altered(data: bytes, at: int, byte: int) -> bytes:
    return data[:at] + bytes([byte]) + data[at + 1 :]


def zipped(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("training.json", data)
    return file.getvalue()


# fmt: off
CASES: dict[str, tuple[str, bytes, str, int | None, str]] = {
    # what: file, bytes, rule, line, words of the message
    "empty file": ("training.jsonl", b"", "empty-file", None, "no records"),
    "nothing but space": ("training.json", b" \n\n ", "empty-file", None, "no records"),
    "an array of nothing": ("training.json", b"[ ]", "empty-file", None, "no records"),
    "a header alone": ("training.csv", b"question,answer\n", "empty-file", None, "no records"),
    "not JSON": ("training.json", b"Dear all, here is the data\n", "json", 1, "not valid JSON"),
    "a CSV called json": ("training.json", b"question,answer\nq,a\n", "json", 1, "not valid JSON"),
    "a ZIP renamed": ("training.json", b"PK\x03\x04" + b"\0" * 100, "truncated", None, "ZIP"),
    "UTF-16 cut off": ("training.json", "[{}]".encode("utf-16")[:-1], "utf-8", 1, "UTF-16"),
    "truncated array": ("training.json", b"[" + GOOD.replace(b"\n", b",\n")[:-30], "truncated", 40, "cut off"),
    "array without its end": ("training.json", b"[" + GOOD.replace(b"\n", b",\n"), "truncated", 41, "cut off"),
    "truncated lines": ("training.jsonl", GOOD[:-20], "truncated", 40, "cut off"),
    "Latin-1 lines": ("training.jsonl", broken_line('{"question": "X", "answer": "Y"}').replace(b"X", b"\xe9"), "utf-8", 41, "0xE9"),  # noqa: E501
    "Latin-1 array": ("training.json", b'[{"question": "q",\n "answer": "caf\xe9"}]', "utf-8", 2, "0xE9"),
    "Latin-1 CSV": ("training.csv", b"question,answer\nq,a\nq,caf\xe9\n", "utf-8", 3, "0xE9"),
    "missing field": ("training.jsonl", broken_line('{"question": "q"}'), "missing-field", 41, "is missing"),
    "missing field in an array": ("training.json", b'[{"question": "q", "answer": "a"},\n{"question": "q"}]', "missing-field", 2, "is missing"),  # noqa: E501
    "unknown fields": ("training.jsonl", b'{"ask": "q", "say": "a"}\n', "missing-field", 1, "found 'ask', 'say'"),
    "empty answer": ("training.jsonl", broken_line('{"question": "q", "answer": ""}'), "empty-text", 41, "is empty"),
    "blank answer": ("training.jsonl", broken_line('{"question": "q", "answer": " \\n"}'), "empty-text", 41, "white space"),  # noqa: E501
    "null answer": ("training.jsonl", broken_line('{"question": "q", "answer": null}'), "empty-text", 41, "null"),
    "a number for an answer": ("training.jsonl", broken_line('{"question": "q", "answer": 4}'), "field-type", 41, "a number"),  # noqa: E501
    "a text for a record": ("training.jsonl", broken_line('"question"'), "record-kind", 41, "object"),
    "NaN": ("training.jsonl", broken_line('{"question": "q", "answer": "a", "score": NaN}'), "json", 41, "NaN"),
    "a number beyond all": ("training.jsonl", broken_line('{"question": "q", "answer": "a", "score": 1e999}'), "json", 41, "too large"),  # noqa: E501
    "a number of 5,000 digits": ("training.jsonl", broken_line('{"question": "q", "answer": "a", "n": ' + "9" * 5000 + "}"), "json", 41, "digits"),  # noqa: E501
    "a name twice": ("training.jsonl", broken_line('{"question": "q", "answer": "a", "answer": "b"}'), "duplicate-field", 41, "twice"),  # noqa: E501
    "half a letter": ("training.jsonl", broken_line('{"question": "q", "answer": "\\ud83d"}'), "unicode", 41, "surrogate"),  # noqa: E501
    "deep nesting": ("training.jsonl", broken_line(nested(100_000)), "nesting", 41, "nested"),
    "deep nesting in an array": ("training.json", b"[" + nested(100_000).encode() + b"]", "nesting", 1, "nested"),
    "two on a line": ("training.jsonl", broken_line('{"question": "q", "answer": "a"}{"question": "q", "answer": "a"}'), "json", 41, "several objects"),  # noqa: E501
    "no comma": ("training.json", b'[{"question": "q", "answer": "a"}\n{"question": "q", "answer": "a"}]', "json", 2, "','"),  # noqa: E501
    "two commas": ("training.json", b"[" + GOOD.replace(b"\n", b",\n,", 1).replace(b"\n{", b",\n{").rstrip() + b"]", "json", 2, "Expecting value"),  # noqa: E501
    "comma at the end": ("training.json", b'[{"question": "q", "answer": "a"},\n]', "json", 2, "comma"),
    "more after the end": ("training.json", b'[{"question": "q", "answer": "a"}]\n[]', "json", 2, "more after"),
    "open quote in a CSV": ("training.csv", b'question,answer\n"q","a"\nq,"a\nq,a\n', "csv-quotes", 3, "is not closed"),
    "too many values in a CSV row": ("training.csv", b"question,answer\nq,a\nq,a,b\n", "csv-columns", 3, "3 values"),
    "gzip cut off": ("training.jsonl.gz", gzip.compress(GOOD)[:-20], "truncated", None, "cut off"),
    "gzip damaged": ("training.jsonl.gz", damaged(gzip.compress(GOOD)), "compression", None, "damaged"),
    "gzip packed twice": ("training.jsonl.gz", gzip.compress(gzip.compress(GOOD)), "file-format", None, "twice"),
    "gzip of nothing": ("training.jsonl.gz", gzip.compress(b""), "empty-file", None, "no records"),
    "zstd cut off": ("training.jsonl.zst", zstd.compress(GOOD)[:-20], "truncated", None, "cut off"),
    "zstd damaged": ("training.jsonl.zst", damaged(zstd.compress(GOOD)), "compression", None, "damaged"),
    "a real ZIP renamed": ("training.json", zipped(GOOD), "file-format", None, "ZIP"),
    "mixed encodings": ("training.jsonl", GOOD + jsonl(pairs(1, 98)).decode().encode("cp1252") + jsonl(pairs(1, 99)), "utf-8", 41, "0xAB"),  # noqa: E501
    "mixed encodings in a CSV": ("training.csv", "question,answer\nq,«é»\n".encode() + "q,«é»\n".encode("cp1252"), "utf-8", 3, "0xAB"),  # noqa: E501
    "a name twice in an object inside": ("training.jsonl", broken_line('{"question": "q", "answer": "a", "x": {"y": 1, "y": 2}}'), "duplicate-field", 41, "twice"),  # noqa: E501
    "Infinity": ("training.json", b'[{"question": "q", "answer": "a", "score": -Infinity}]', "json", 1, "-Infinity"),
    "a quote inside a CSV text": ("training.csv", b'question,answer\n"q" is,a\n', "csv-quotes", 2, "cannot be read"),
    "Parquet cut off": ("training.parquet", b"PAR1" + bytes(500), "truncated", None, "cut off"),
    "Parquet damaged": ("training.parquet", b"PAR1" + bytes(500) + b"\x10\0\0\0PAR1", "parquet", None, "cannot be read"),  # noqa: E501
    "Parquet that ends its reader": ("training.parquet", altered(as_parquet(pairs(2)), 501, 39), "parquet", None, "is damaged"),  # noqa: E501
    "a title and a header alone": ("training.csv", b"FAQ\nquestion,answer\n", "empty-file", None, "no records"),
    "carriage returns alone": ("training.csv", b"question,answer\rq,a\r", "csv-quotes", 1, "carriage return"),
    "a column twice": ("training.csv", b"question,answer,answer\nq,a,b\n", "duplicate-field", 1, "more than once"),
}
# fmt: on
