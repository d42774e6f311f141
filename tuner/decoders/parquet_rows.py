"""Decodes a Parquet file from standard input, in a process of its own: `decoders.process` says how."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

import msgspec

from tuner.decoders.process import is_too_deep, refuse_columns, run

_ROWS = 256
_MAX_BATCH_BYTES = 64 * 2**20  # far more than 256 records of any family


def batches(file: IO[bytes]) -> Iterator[list[Any]]:
    """The rows. A small damaged file can claim any number of them, or rows of any size."""
    from arro3.io import read_parquet

    table = read_parquet(file, batch_size=_ROWS)
    refuse_columns(len(table.schema))
    for batch in table:
        rows: Any = batch.to_struct_array().to_pylist()
        if len(msgspec.json.encode(rows, enc_hook=str)) > _MAX_BATCH_BYTES:
            raise ValueError(f"{_ROWS} rows have more than {_MAX_BATCH_BYTES // 2**20} MiB")
        if is_too_deep(rows):
            raise ValueError("a row is nested too deeply")
        yield rows


if __name__ == "__main__":
    run(batches)
