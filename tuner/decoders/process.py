"""What the decoders share: the limits of their process and of a record, and how they write rows."""

from __future__ import annotations

import contextlib
import os
import resource
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any

import msgspec

MOST_FIELDS = 1000
"""Fields of a record, columns of a table, and different fields of all records of a file."""
DEEPEST = 50
"""Levels of a record: lists and objects inside of each other."""
PROCESSOR_SECONDS = 200  # the step reads for 600 seconds, and then at most one more such process to its end
_MEMORY_BYTES = 2**31


def memory_limit() -> int:
    """Bytes of address space for the process. A function shares its memory with it, and is ended above that."""
    function = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
    return min(_MEMORY_BYTES, int(function) * 2**20 * 3 // 5) if function else _MEMORY_BYTES


def refuse_columns(count: int) -> None:
    """Raises ValueError for more columns than a record may have fields."""
    if count > MOST_FIELDS:
        raise ValueError(f"it has {count:,} columns; at most {MOST_FIELDS:,} fields are read")


def is_too_deep(value: object) -> bool:
    """Whether a parsed value has more than DEEPEST levels. Looks at one level after another, without recursion."""
    level = [value]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _inside(outer) if isinstance(inner, dict | list)]
        if not level:
            return False
    return True


def _inside(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def run(batches: Callable[[IO[bytes]], Iterable[list[Any]]]) -> None:
    """Writes the batches of standard input as JSON, one on a line; at an error, its reason."""
    with contextlib.suppress(OSError, ValueError):  # not every system supports these limits
        resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, resource.getrlimit(resource.RLIMIT_CPU)[1]))
        resource.setrlimit(resource.RLIMIT_AS, (memory_limit(), resource.getrlimit(resource.RLIMIT_AS)[1]))
    encode = msgspec.json.Encoder(enc_hook=str).encode
    try:
        for batch in batches(sys.stdin.buffer):
            sys.stdout.buffer.write(encode(batch) + b"\n")
    except MemoryError:
        sys.stdout.buffer.write(encode(f"it needs more than {memory_limit() // 2**20} MiB of memory") + b"\n")
    except BaseException as error:  # a panic of arro3 is not an Exception
        sys.stdout.buffer.write(encode((str(error).splitlines() or [type(error).__name__])[0]) + b"\n")
