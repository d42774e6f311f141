"""Reads Parquet files in batches. The line of a finding is the number of the row, from 1.

Parquet has its index at the end, so the bytes are first stored in a temporary file. Another process (`parquet_rows`)
decodes it. The decoder is arro3: it has a tenth of the size of pyarrow, which matters in a Lambda layer.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from typing import IO

from tuner.datasets.findings import Issue
from tuner.datasets.reading.budget import UnreadableError
from tuner.datasets.reading.decoded.process import decoded, stored
from tuner.datasets.reading.rows import Block, Row, RowBlock

MAGIC = b"PAR1"


def blocks(chunks: Iterator[bytes]) -> Iterator[Block]:
    """Rows as dictionaries. Raises UnreadableError when the file is damaged or incomplete."""
    with tempfile.TemporaryFile() as file:
        stored(chunks, file, "Parquet")
        _check_footer(file)
        first = 1
        for rows in decoded("parquet_rows", file, _broken):
            yield RowBlock(tuple(Row(number, value) for number, value in enumerate(rows, first)))
            first += len(rows)


def _check_footer(file: IO[bytes]) -> None:
    """A truncated file has no index. Checked here, because arro3 panics without one."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - 8, 0))
    footer = file.read()
    if size < 12 or not footer.endswith(MAGIC) or int.from_bytes(footer[:4], "little") > size - 12:
        message = "the Parquet file ends without its index: it was cut off."
        raise UnreadableError(None, Issue("truncated", message, "Upload the whole file again."))
    file.seek(0)


def _broken(problem: str) -> UnreadableError:
    message = f"the Parquet file cannot be read: {problem}."
    return UnreadableError(None, Issue("parquet", message, "Write the file again and upload it."))
