"""Sources and sinks of bytes: protocols, and local files. `tuner.aws.s3.objects` has those for S3."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

_LONGEST_NAME = 50  # of the target in the name of its temporary file: file systems allow 255 bytes
CHUNK = 2**18  # small enough that a chunk stays in the processor's cache while it is parsed, checked and written


class Source(Protocol):
    """Bytes that can be read more than once, from the start."""

    @property
    def name(self) -> str:
        """The file's name, as findings show it."""

    def chunks(self) -> Iterator[bytes]:
        """The bytes, `CHUNK` bytes at a time."""


class Sink(Protocol):
    """Takes bytes that become visible to others only with `commit`."""

    def write(self, data: bytes) -> None:
        """Appends."""

    def commit(self) -> None:
        """Makes everything that was written visible at once."""

    def discard(self) -> None:
        """Deletes what was not committed. Has no effect after `commit`."""


class LocalFile:
    """A file on this machine."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.name

    def chunks(self) -> Iterator[bytes]:
        """The bytes, `CHUNK` bytes at a time."""
        with self.path.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk


class LocalSink:
    """Writes to a temporary file next to the target and renames it at the end, so an interruption changes nothing.

    There is no fsync: after a power failure the file can be written again from its source.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        # A name of its own: two calls for the same target must not write into one file.
        self._partial = path.with_name(f".{path.name[:_LONGEST_NAME]}.{secrets.token_hex(4)}.partial")
        self._file = self._partial.open("xb")

    def write(self, data: bytes) -> None:
        """Appends."""
        self._file.write(data)

    def commit(self) -> None:
        """Makes everything that was written visible at once."""
        self._file.close()
        self._partial.replace(self._path)

    def discard(self) -> None:
        """Deletes what was not committed."""
        self._file.close()
        self._partial.unlink(missing_ok=True)


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file completely or not at all."""
    sink = LocalSink(path)
    with CommitTogether(sink):
        sink.write(data)


class NoSink:
    """Ignores everything, for checks that write nothing."""

    def write(self, data: bytes) -> None:
        """Does nothing."""

    def commit(self) -> None:
        """Does nothing."""

    def discard(self) -> None:
        """Does nothing."""


class CommitTogether:
    """Commits all sinks in their order when the block ends; discards all when it raises or was cancelled."""

    def __init__(self, *sinks: Sink) -> None:
        self._sinks = sinks
        self._cancelled = False

    def cancel(self) -> None:
        """Commits nothing at the end of the block."""
        self._cancelled = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        try:
            if kind is None and not self._cancelled:
                for sink in self._sinks:
                    sink.commit()
        finally:
            for sink in self._sinks:
                sink.discard()
