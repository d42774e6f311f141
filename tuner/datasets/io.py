"""Where bytes come from and go to: files here, `tuner.aws.s3.objects` for S3."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

CHUNK = 2**18  # what is parsed, checked and written again stays in a processor's cache


class Source(Protocol):
    """Bytes that can be read more than once, from the start."""

    @property
    def name(self) -> str:
        """The file's name, as findings show it."""

    def chunks(self) -> Iterator[bytes]:
        """The bytes, a piece of `CHUNK` at a time."""


class Sink(Protocol):
    """Takes bytes that are seen by others only once `commit` was called; leaving it otherwise discards them."""

    def write(self, data: bytes) -> None:
        """Appends."""

    def commit(self) -> None:
        """Makes all that was written visible at once."""

    def discard(self) -> None:
        """Forgets what was not committed; harmless afterwards."""


class LocalFile:
    """A file on this machine."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.name = path.name

    def chunks(self) -> Iterator[bytes]:
        """The bytes, a piece of `CHUNK` at a time."""
        with self._path.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk


class LocalSink:
    """Writes beside the file and renames at the end: whoever is interrupted leaves the file as it was.

    Nothing waits for the disk: what a power cut takes can be written again from its source.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._partial = path.with_name(f".{path.name}.partial")
        self._file = self._partial.open("wb")

    def write(self, data: bytes) -> None:
        """Appends."""
        self._file.write(data)

    def commit(self) -> None:
        """Makes all that was written visible at once."""
        self._file.close()
        self._partial.replace(self._path)

    def discard(self) -> None:
        """Forgets what was not committed."""
        self._file.close()
        self._partial.unlink(missing_ok=True)


class NoSink:
    """Takes what nobody wants to keep: a check writes nothing."""

    def write(self, data: bytes) -> None:
        """Forgets it."""

    def commit(self) -> None:
        """Nothing to show."""

    def discard(self) -> None:
        """Nothing to forget."""


class Committing:
    """Commits all sinks, in their order, when the block ends well; discards all of them when it raises or cancels."""

    def __init__(self, *sinks: Sink) -> None:
        self._sinks = sinks
        self._cancelled = False

    def cancel(self) -> None:
        """Nothing is to be committed."""
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
