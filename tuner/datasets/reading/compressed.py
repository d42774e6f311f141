"""Decompresses gzip and zstd as a stream. Memory stays constant for any compression ratio."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from typing import IO, Any, cast

from tuner.datasets.findings import Issue
from tuner.datasets.io import CHUNK
from tuner.datasets.reading.budget import UnreadableError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"


def decompressed(head: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The decompressed bytes if `head`, the file's first bytes, says that it is compressed; else the same bytes.

    Raises UnreadableError when the file is damaged or its end is missing.
    """
    if head.startswith(GZIP):
        return _read(gzip.GzipFile(fileobj=cast("IO[bytes]", Stream(chunks)), mode="rb"), "gzip")
    if head.startswith(ZSTD):
        return _read(zstd.ZstdFile(cast("IO[bytes]", Stream(chunks)), mode="r"), "zstd")
    return chunks


def _read(file: Any, kind: str) -> Iterator[bytes]:
    try:
        while chunk := file.read(CHUNK):
            yield chunk
    except EOFError:
        message = f"the {kind} file ends too early: it was cut off."
        raise UnreadableError(None, Issue("truncated", message, "Upload the whole file again.")) from None
    except (OSError, zlib.error, zstd.ZstdError):
        message = f"the {kind} file is damaged."
        raise UnreadableError(None, Issue("compression", message, "Compress it again and upload it.")) from None


class Stream(io.RawIOBase):
    """Chunks as a file object that can be read once."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """Always True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Copies at most the rest of the current chunk into the buffer. Returns 0 at the end."""
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
