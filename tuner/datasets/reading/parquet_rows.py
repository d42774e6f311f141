"""Decodes a Parquet file in a process of its own: from standard input to JSON on standard output.

Each line is a list of rows. If decoding fails, the last line is a text with the reason. A damaged file makes arro3
panic, and some panics end the process; the process that checks the dataset must survive that.
"""

from __future__ import annotations

import contextlib
import resource
import sys

import msgspec

_ROWS = 256
_MAX_BATCH_BYTES = 64 * 2**20  # far more than 256 records of any family
# A small damaged file can claim any number of rows: limits of address space and of processor time end the process.
_MEMORY_BYTES = 2**31
_PROCESSOR_SECONDS = 600


def main() -> None:
    """Writes rows until the end of the file or the first error."""
    with contextlib.suppress(OSError, ValueError):  # not every system supports these limits
        resource.setrlimit(resource.RLIMIT_CPU, (_PROCESSOR_SECONDS, resource.getrlimit(resource.RLIMIT_CPU)[1]))
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, resource.getrlimit(resource.RLIMIT_AS)[1]))
    from arro3.io import read_parquet

    encode = msgspec.json.Encoder(enc_hook=str).encode
    try:
        for batch in read_parquet(sys.stdin.buffer, batch_size=_ROWS):
            rows = encode(batch.to_struct_array().to_pylist())
            if len(rows) > _MAX_BATCH_BYTES:
                raise ValueError(f"{_ROWS} rows have more than {_MAX_BATCH_BYTES // 2**20} MiB")
            sys.stdout.buffer.write(rows + b"\n")
    except BaseException as error:  # a panic of arro3 is not an Exception
        sys.stdout.buffer.write(encode((str(error).splitlines() or [type(error).__name__])[0]) + b"\n")


if __name__ == "__main__":
    main()
