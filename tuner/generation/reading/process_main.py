"""The process that reads documents, one after another, from standard input: `process` starts it.

A document comes as its name and its content, each after its length in 8 bytes. The answer is a line of JSON. With the
argument `small`, documents are split into small chunks.
"""

from __future__ import annotations

import contextlib
import resource
import sys
from typing import IO

import msgspec

from tuner.decoders.process import memory_limit
from tuner.generation.chunks import Chunk
from tuner.generation.reading.document_chunks import document_chunks
from tuner.generation.reading.unusable_document import UnusableError

SMALL = "small"
SECONDS = 60
"""Seconds of the processor for one document."""


class Reply(msgspec.Struct):
    """The chunks of a document, or why it has none."""

    chunks: list[Chunk] = []
    problem: str = ""
    remedy: str = ""


def reply_to(name: str, data: bytes, small: bool = False) -> Reply:
    """Reads a document. Raises nothing for its content."""
    try:
        return Reply(document_chunks(name, data, small))
    except UnusableError as error:
        return Reply(problem=error.problem, remedy=error.remedy)
    except MemoryError:
        limit = memory_limit() // 2**20
        return Reply(problem=f"needs more than {limit:,} MiB of memory to read", remedy="Split it.")
    except Exception as error:  # a damaged file can make a parser raise anything
        return Reply(problem=f"is damaged ({type(error).__name__})", remedy="Save it again, or remove it.")


def _limit_seconds() -> None:
    """Allows SECONDS more than the process has used so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    allowed = int(usage.ru_utime + usage.ru_stime) + SECONDS
    with contextlib.suppress(OSError, ValueError):  # not every system supports these limits
        resource.setrlimit(resource.RLIMIT_CPU, (allowed, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _part(stream: IO[bytes]) -> bytes | None:
    """The next name or content; None at the end."""
    length = stream.read(8)
    return stream.read(int.from_bytes(length, "big")) if length else None


def main() -> None:
    """Answers for each document until standard input ends."""
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (memory_limit(), resource.getrlimit(resource.RLIMIT_AS)[1]))
    encode = msgspec.json.Encoder().encode
    while (name := _part(sys.stdin.buffer)) is not None:
        data = _part(sys.stdin.buffer) or b""
        _limit_seconds()
        answer = encode(reply_to(name.decode("utf-8", "surrogateescape"), data, SMALL in sys.argv[1:]))
        sys.stdout.buffer.write(answer + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
