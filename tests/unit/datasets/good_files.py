"""Writes the same records in different file formats."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from arro3.core import Array, DataType, Field, Table, struct_array
from arro3.io import write_parquet
from openpyxl import Workbook

from tests.unit.datasets.memory_files import jsonl


def as_array(records: list[dict]) -> bytes:
    return json.dumps(records, ensure_ascii=False).encode()


def as_csv(records: list[dict]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(records[0]), quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue().encode()


def as_parquet(records: list[dict], nested: bool = False) -> bytes:
    columns: dict[str, Any] = {
        name: Array([record[name] for record in records], DataType.utf8()) for name in records[0]
    }
    if nested:
        fields = [Field(name, DataType.utf8()) for name in columns]
        columns = {"data": struct_array(list(columns.values()), fields=fields)}
    file = io.BytesIO()
    write_parquet(Table.from_pydict(columns), file)
    return file.getvalue()


def as_tsv(records: list[dict]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(records[0]), delimiter="\t")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue().encode()


def as_xlsx(records: list[dict]) -> bytes:
    book = Workbook()
    book.active.append(list(records[0]))
    for record in records:
        book.active.append(list(record.values()))
    return workbook(book)


def workbook(book: Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def conversations(count: int) -> bytes:
    turns = [("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d")]
    record = {"system": "s", "messages": [{"role": role, "content": [{"text": text}]} for role, text in turns]}
    return jsonl([record] * count)
