"""Runs a decoder in a process of its own, and the limits of that process.

A damaged or hostile file can crash the process that decodes it, or ask for any amount of memory and time.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import msgspec

from tuner.datasets.findings import Issue
from tuner.datasets.reading.budget import MOST_FIELDS, UnreadableError

_MEMORY_BYTES = 2**31
_PROCESSOR_SECONDS = 200  # the step reads for 600 seconds, and then at most one more such process to its end


def memory_limit() -> int:
    """Bytes of address space for the other process. A function shares its memory with it, and is ended above that."""
    function = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
    return min(_MEMORY_BYTES, int(function) * 2**20 * 3 // 5) if function else _MEMORY_BYTES


def refuse_columns(count: int) -> None:
    """Raises ValueError for more columns than a record may have fields."""
    if count > MOST_FIELDS:
        raise ValueError(f"it has {count:,} columns; at most {MOST_FIELDS:,} fields are read")


def stored(chunks: Iterator[bytes], file: IO[bytes], name: str, most: int | None = None) -> None:
    """Copies the bytes into a file. Raises UnreadableError without disk space, or for more than `most` bytes."""
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if most and size > most:
            message = f"the {name} file has more than {most // 2**20} MiB."
            raise UnreadableError(None, Issue("file-size", message, "Save it as CSV UTF-8, which has no limit."))
        try:
            file.write(chunk)
        except OSError as error:
            message = f"there is no disk space for the {name} file: {error.strerror}."
            raise UnreadableError(
                None, Issue("disk-space", message, "Convert it to JSONL, which needs no disk space.")
            ) from None
    file.seek(0)


def decoded(script: Path, file: IO[bytes], broken: Callable[[str], UnreadableError]) -> Iterator[list[Any]]:
    """The batches of rows that the other process writes. `broken` makes the error from the reason that it gives."""
    # Lambda's runtime adds the layers to sys.path itself.
    paths = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(  # noqa: S603 - a script of this package
        [sys.executable, "-P", str(script)],
        stdin=file,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **paths},
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                rows = msgspec.json.decode(line)
                if isinstance(rows, str):
                    raise broken(rows)
                yield rows
        finally:
            process.stdout.close()
    if process.returncode == -signal.SIGXCPU:
        raise broken(f"decoding it takes more than {_PROCESSOR_SECONDS} seconds")
    if process.returncode:
        raise broken("its content is damaged, or needs too much memory")


def run(batches: Callable[[IO[bytes]], Iterable[list[Any]]]) -> None:
    """The other process: writes the batches of standard input as JSON, one on a line; at an error, its reason."""
    with contextlib.suppress(OSError, ValueError):  # not every system supports these limits
        resource.setrlimit(resource.RLIMIT_CPU, (_PROCESSOR_SECONDS, resource.getrlimit(resource.RLIMIT_CPU)[1]))
        resource.setrlimit(resource.RLIMIT_AS, (memory_limit(), resource.getrlimit(resource.RLIMIT_AS)[1]))
    encode = msgspec.json.Encoder(enc_hook=str).encode
    try:
        for batch in batches(sys.stdin.buffer):
            sys.stdout.buffer.write(encode(batch) + b"\n")
    except MemoryError:
        sys.stdout.buffer.write(encode(f"it needs more than {memory_limit() // 2**20} MiB of memory") + b"\n")
    except BaseException as error:  # a panic of arro3 is not an Exception
        sys.stdout.buffer.write(encode((str(error).splitlines() or [type(error).__name__])[0]) + b"\n")
