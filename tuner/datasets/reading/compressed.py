"""gzip and zstd, unpacked as a stream: never more in memory than is asked for, however well it was packed."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from typing import IO, Any, cast

from tuner.datasets.findings import Flaw
from tuner.datasets.io import CHUNK
from tuner.datasets.reading.rows import UnreadableError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"


def unpacked(head: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The bytes that were packed, when `head` says that they were; the same bytes otherwise.

    Raises UnreadableError when the end is missing or the bytes are damaged.
    """
    if head.startswith(GZIP):
        return _unpacked(gzip.GzipFile(fileobj=cast("IO[bytes]", Stream(chunks)), mode="rb"), "gzip")
    if head.startswith(ZSTD):
        return _unpacked(zstd.ZstdFile(cast("IO[bytes]", Stream(chunks)), mode="r"), "zstd")
    return chunks


def _unpacked(file: Any, kind: str) -> Iterator[bytes]:
    try:
        while chunk := file.read(CHUNK):
            yield chunk
    except EOFError:
        message = f"the {kind} file ends too early: it was cut off."
        raise UnreadableError(None, Flaw("truncated", message, "Upload the whole file again.")) from None
    except (OSError, zlib.error, zstd.ZstdError):
        message = f"the {kind} file is damaged."
        raise UnreadableError(None, Flaw("compression", message, "Pack it again and upload it.")) from None


class Stream(io.RawIOBase):
    """Chunks as a file that can be read once."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fills the buffer with what is there; 0 at the end."""
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
