"""Reads Parquet files in batches. The line of a finding is the number of the row, from 1.

Parquet has its index at the end, so the bytes are first stored in a temporary file. Another process (`parquet_rows`)
decodes it, because a damaged file can crash the process that decodes it. The decoder is arro3: it has a tenth of the
size of pyarrow, which matters in a Lambda layer.
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

from tuner.datasets.findings import Issue
from tuner.datasets.reading.rows import Block, Row, RowBlock, UnreadableError

MAGIC = b"PAR1"


def blocks(chunks: Iterator[bytes]) -> Iterator[Block]:
    """Rows as dictionaries. Raises UnreadableError when the file is damaged or incomplete."""
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
            message = f"there is no disk space for the Parquet file: {error.strerror}."
            raise UnreadableError(
                None, Issue("parquet", message, "Convert it to JSONL, which needs no disk space.")
            ) from None


def _check_footer(file: IO[bytes]) -> None:
    """A truncated file has no index. Checked here, because arro3 panics without one."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - 8, 0))
    footer = file.read()
    if size < 12 or not footer.endswith(MAGIC) or int.from_bytes(footer[:4], "little") > size - 12:
        message = "the Parquet file ends without its index: it was cut off."
        raise UnreadableError(None, Issue("truncated", message, "Upload the whole file again."))
    file.seek(0)


def _batches(file: IO[bytes]) -> Iterator[list[Any]]:
    """The batches of rows that the other process decodes."""
    command = [sys.executable, "-P", str(Path(__file__).with_name("parquet_rows.py"))]
    paths = {
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path))
    }  # Lambda's runtime adds the layers to sys.path itself
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
        raise _broken("its content is damaged")


def _broken(problem: str) -> UnreadableError:
    message = f"the Parquet file cannot be read: {problem}."
    return UnreadableError(None, Issue("parquet", message, "Write the file again and upload it."))
