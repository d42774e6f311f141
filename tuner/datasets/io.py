"""Sources and sinks of bytes: protocols, and local files. `tuner.aws.s3.objects` has those for S3."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from tuner.core.errors import DatasetError

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


def files_below(folder: Path, belongs: Callable[[str], bool] = lambda _: True) -> dict[str, Path]:
    """The files below a folder for which `belongs` is true, by their path in it and sorted by it.

    Raises DatasetError for a link that leaves the folder or leads to no file, and for a device, pipe or socket. So a
    link cannot add another file of this machine to the dataset.
    """
    found: dict[str, Path] = {}
    for parent, folders, files in os.walk(folder):  # which does not follow links to folders
        for entry in (*folders, *files):
            path = Path(parent, entry)
            name = path.relative_to(folder).as_posix()
            if not belongs(name):
                continue
            if path.is_symlink():
                _refuse_link(path, folder)
            if path.is_file():
                found[name] = path
            elif path.exists() and not path.is_dir():
                raise DatasetError(
                    f"{path} is no regular file. Remove it, or put a file with its content in its place."
                )
    return dict(sorted(found.items()))


def _refuse_link(path: Path, folder: Path) -> None:
    """Raises DatasetError unless the link leads to a file of the folder."""
    # Path.resolve raises RuntimeError for links that lead to each other.
    target = Path(os.path.realpath(path))
    if not target.is_relative_to(os.path.realpath(folder)):
        raise DatasetError(f"{path} is a link to {target}, outside of {folder}. Copy the file instead.")
    if target.is_dir():
        raise DatasetError(f"{path} is a link to a folder, whose files are not read. Move the folder here instead.")
    if not target.exists():
        raise DatasetError(f"{path} is a link that leads to no file. Remove it, or put the file in its place.")


@contextmanager
def _alone_in(folders: Iterable[Path]) -> Iterator[None]:
    """Waits for other programs that commit files in these folders, where the file system has locks."""
    with ExitStack() as locks:
        for folder in sorted(set(folders)):
            with suppress(OSError):
                descriptor = os.open(folder, os.O_RDONLY)
                locks.callback(os.close, descriptor)
                fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


class LocalSink:
    """Writes to a temporary file next to the target and renames it at the end, so an interruption changes nothing.

    Without `replaces`, a file that another program made in the meantime is left as it is. There is no fsync: after a
    power failure the file can be written again from its source.
    """

    def __init__(self, path: Path, replaces: bool = True) -> None:
        self._path = path
        self._replaces = replaces
        # A name of its own: two calls for the same target must not write into one file.
        self._partial = path.with_name(f".{path.name[:_LONGEST_NAME]}.{secrets.token_hex(4)}.partial")
        self._file = self._partial.open("xb")

    @property
    def folder(self) -> Path:
        """The folder of the target."""
        return self._path.parent

    def write(self, data: bytes) -> None:
        """Appends."""
        with self._told():
            self._file.write(data)

    def commit(self) -> None:
        """Makes everything that was written visible at once."""
        with self._told():
            self._file.close()
            self._put_in_place()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Says of an error of the file system, such as a full disk, that it is about the target."""
        try:
            yield
        except OSError as error:
            raise DatasetError(f"'{self._path}' cannot be written: {error.strerror}. It was left as it was.") from None

    def _put_in_place(self) -> None:
        if self._replaces:
            if os.path.lexists(self._path) and (self._path.is_symlink() or not self._path.is_file()):
                raise DatasetError(f"'{self._path}' is no regular file any more. It was left as it is.")
            self._partial.replace(self._path)
            return
        try:
            self._put_at_free_name()
        except FileExistsError:
            raise DatasetError(
                f"'{self._path}' was made by another program in the meantime. It was left as it is. Name another file, "
                "or add --force."
            ) from None

    def _put_at_free_name(self) -> None:
        """Raises FileExistsError when the name exists. A rename would replace the file."""
        try:
            os.link(self._partial, self._path)
        except FileExistsError:
            raise
        except OSError:
            # The file system has no hard links, as that of most memory cards. The name is taken first.
            self._path.open("xb").close()
            self._partial.replace(self._path)
            return
        self._partial.unlink()

    def discard(self) -> None:
        """Deletes what was not committed."""
        self._file.close()
        self._partial.unlink(missing_ok=True)


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file completely or not at all."""
    sink = LocalSink(path)
    with CommitTogether(sink):
        sink.write(data)


def update_whole(path: Path, updated: Callable[[bytes | None], bytes]) -> None:
    """Replaces a file by what `updated` makes of its content now (None: no file), completely or not at all.

    Another program that does the same waits meanwhile, where the file system has locks: no update gets lost.
    """
    with _alone_in([path.parent]):
        sink = LocalSink(path)
        try:
            sink.write(updated(path.read_bytes() if path.is_file() else None))
            sink.commit()  # `CommitTogether` would wait for this lock
        finally:
            sink.discard()


class NoSink:
    """Ignores everything, for checks that write nothing."""

    def write(self, data: bytes) -> None:
        """Does nothing."""

    def commit(self) -> None:
        """Does nothing."""

    def discard(self) -> None:
        """Does nothing."""


class KeptLines(NoSink):
    """Keeps what is written in memory. For evaluation data, which is small: its size is limited."""

    def __init__(self) -> None:
        self.blocks: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Appends whole lines."""
        self.blocks.append(data)

    def lines(self) -> list[bytes]:
        """The lines that were written."""
        return b"".join(self.blocks).splitlines()


class CommitTogether:
    """Commits all sinks in their order when the block ends; discards all when it raises or was cancelled.

    Of two programs that write the same files, one commits all of them before the other one does.
    """

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
                self._commit()
        finally:
            for sink in self._sinks:
                sink.discard()

    def _commit(self) -> None:
        with _alone_in(sink.folder for sink in self._sinks if isinstance(sink, LocalSink)):
            for sink in self._sinks:
                sink.commit()
