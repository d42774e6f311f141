"""Parquet, batch by batch. The line of a finding is the row's number, from 1.

Parquet keeps its index at the end, so the bytes go through a temporary file first. It is decoded by another process
(`parquet_rows`), because a damaged file may end the one that decodes it; by arro3, which has a tenth of pyarrow's size,
which matters in a Lambda layer.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import msgspec

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


def _batches(file: IO[bytes]) -> Iterator[list[Any]]:
    """Rows as the other process decodes them."""
    command = [sys.executable, "-P", str(Path(__file__).with_name("parquet_rows.py"))]
    paths = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}  # Lambda's runtime finds its layers in its own way
    with subprocess.Popen(  # noqa: S603 - the command above
        command, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ, **paths}
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                rows = msgspec.json.decode(line)
                if isinstance(rows, str):
                    raise _broken(rows)
                yield rows
        finally:
            process.stdout.close()
    if process.returncode:
        raise _broken("its parts do not fit together")


def _broken(problem: str) -> UnreadableError:
    message = f"the Parquet file cannot be read: {problem}."
    return UnreadableError(None, Flaw("parquet", message, "Write it again and upload it."))
