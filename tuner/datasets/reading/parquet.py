"""Parquet, batch by batch. The line of a finding is the row's number, from 1.

Parquet keeps its index at the end, so the bytes go through a temporary file first. arro3 is imported only here: it is
a tenth of pyarrow's size, which matters in a Lambda layer.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, cast

from tuner.datasets.findings import Flaw
from tuner.datasets.reading.rows import Block, Row, RowBlock, UnreadableError

MAGIC = b"PAR1"


def blocks(chunks: Iterator[bytes]) -> Iterator[Block]:
    """Rows as dictionaries. Raises UnreadableError when it is no whole Parquet file."""
    with tempfile.TemporaryFile() as file:
        _store(chunks, file)
        _check_footer(file)
        first = 1
        for rows in _batches(file):
            yield RowBlock(tuple(Row(number, value) for number, value in enumerate(rows, first)))
            first += len(rows)


def _store(chunks: Iterator[bytes], file: IO[bytes]) -> None:
    for chunk in chunks:
        try:
            file.write(chunk)
        except OSError as error:
            message = f"there is no room to unpack the Parquet file: {error.strerror}."
            raise UnreadableError(None, Flaw("parquet", message, "Convert it to JSONL, which is streamed.")) from None


def _check_footer(file: IO[bytes]) -> None:
    """A file that was cut off has no index: said here, because arro3 panics."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - 8, 0))
    footer = file.read()
    if size < 12 or not footer.endswith(MAGIC) or int.from_bytes(footer[:4], "little") > size - 12:
        message = "the Parquet file ends without its index: it was cut off."
        raise UnreadableError(None, Flaw("truncated", message, "Upload the whole file again."))
    file.seek(0)


@contextmanager
def _silence() -> Iterator[None]:
    """Keeps what a panic prints to itself: Rust writes past Python's own standard error, and the finding says it."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _batches(file: IO[bytes]) -> Iterator[list[Any]]:
    from arro3.io import read_parquet

    try:
        with _silence():
            batches = iter(read_parquet(file))
        while True:
            with _silence():
                batch = next(batches, None)
                rows = None if batch is None else cast("list[Any]", batch.to_struct_array().to_pylist())
            if rows is None:
                return
            yield rows
    except BaseException as error:
        # arro3 raises Exception itself, or panics, for what a file holds.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        message = f"the Parquet file cannot be read: {str(error).splitlines()[0]}."
        raise UnreadableError(None, Flaw("parquet", message, "Write it again and upload it.")) from None
