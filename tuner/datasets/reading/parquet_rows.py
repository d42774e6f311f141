"""The process that decodes a Parquet file: its standard input is the file, its standard output JSON.

Each line is a list of rows, or, as the last one, a text: why it goes no further. A damaged file makes arro3 panic, and
some of its panics end the process, which must not be the one that checks the dataset.
"""

from __future__ import annotations

import contextlib
import resource
import sys

import msgspec

_ROWS = 256
_LONGEST = 64 * 2**20  # bytes of as many rows; far more than the records of any family have
# A file of a few bytes may claim to hold any number of them.
_MEMORY = 2**31  # bytes of address space
_SECONDS = 600  # of the processor


def main() -> None:
    """Writes rows until the file ends or is found broken."""
    with contextlib.suppress(OSError, ValueError):  # not every system limits it
        resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, resource.getrlimit(resource.RLIMIT_CPU)[1]))
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
    from arro3.io import read_parquet

    encode = msgspec.json.Encoder(enc_hook=str).encode
    try:
        for batch in read_parquet(sys.stdin.buffer, batch_size=_ROWS):
            rows = encode(batch.to_struct_array().to_pylist())
            if len(rows) > _LONGEST:
                raise ValueError(f"{_ROWS} rows have more than {_LONGEST // 2**20} MiB")
            sys.stdout.buffer.write(rows + b"\n")
    except BaseException as error:  # a panic is no Exception
        sys.stdout.buffer.write(encode((str(error).splitlines() or [type(error).__name__])[0]) + b"\n")


if __name__ == "__main__":
    main()
