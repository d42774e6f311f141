"""Where commands write. No source is ever replaced, any other file only with --force; and a file is whole or absent."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Annotated

import typer

from tuner.aws.s3.objects import ObjectSink, object_address, object_exists
from tuner.cli.errors import CommandError
from tuner.datasets.io import CHUNK, CommitTogether, LocalSink, Sink

STANDARD = "-"
"""Standard input as a source, standard output as a target."""
_IN_MEMORY = 2**20

Force = Annotated[bool, typer.Option("--force", help="Replace files that exist. Sources are never replaced.")]


def output_sink(address: str, sources: Iterable[str | Path] = (), force: bool = False) -> Sink:
    """Where to write one file: a path, an `s3://` address, or `-`. Raises BadParameter when it must not be written.

    `sources` are the addresses of what the command reads.
    """
    if address == STANDARD:
        return StandardOutput()
    if place := object_address(address):
        if address in map(str, sources):
            raise _refused(f"'{address}' is the source itself, which is never replaced. Name another object.")
        if not force and object_exists(*place):
            raise _refused(f"'{address}' exists. Add --force to replace it, or name another object.")
        return ObjectSink(*place, replaces=force)
    path = target(Path(address), sources, force)
    if not path.parent.is_dir():
        raise _refused(f"there is no folder '{Path(address).parent}'.")
    try:
        return LocalSink(path, replaces=force)
    except OSError as error:
        raise _refused(f"'{address}' cannot be written: {error.strerror}.") from None


def write_files(files: Mapping[Path, bytes], sources: Iterable[str | Path] = (), force: bool = False) -> None:
    """Writes all files or none, and makes their folders. A file that has this content already is left as it is."""
    changed = {path: data for path, data in files.items() if not _holds(path, data)}
    for path in changed:
        target(path, sources, force)
    sinks = {path: _made_sink(path, sources, force) for path in changed}
    with CommitTogether(*sinks.values()):
        for path, data in changed.items():
            sinks[path].write(data)


def target(path: Path, sources: Iterable[str | Path] = (), force: bool = False) -> Path:
    """The file that a path leads to. Raises BadParameter when a command must not write there."""
    try:
        return _target(path, sources, force)
    except OSError as error:  # a name that is too long
        raise _refused(f"'{path}' cannot be written: {error.strerror}.") from None


def _target(path: Path, sources: Iterable[str | Path], force: bool) -> Path:
    found = Path(os.path.realpath(path))  # a link stays a link, and the file behind it is written
    if any(_same_file(found, source) for source in sources):
        raise _refused(f"'{path}' is the source itself, which is never replaced. Name another file.")
    if found.is_dir():
        raise _refused(f"'{path}' is a folder: name a file in it.")
    if found.is_symlink() or (found.exists() and not found.is_file()):  # a link that leads to itself is still one
        raise _refused(f"'{path}' is no regular file. Name another, or '-' for standard output.")
    if os.path.lexists(path) and not force:
        raise _refused(f"'{path}' exists. Add --force to replace it, or name another.")
    return found


@contextmanager
def using_temporary_folder() -> Iterator[None]:
    """Says of an error of the file system, such as a full disk, that it is about the folder for temporary files."""
    try:
        yield
    except OSError as error:
        raise CommandError(
            f"The folder for temporary files cannot be written: {error.strerror}. Free space in it, or name another in "
            "the environment variable TMPDIR."
        ) from None


class StandardOutput:
    """Writes to standard output when everything is known to be right, and nothing before."""

    def __init__(self) -> None:
        self._kept = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed by commit or discard

    def write(self, data: bytes) -> None:
        """Keeps the bytes for `commit`."""
        with using_temporary_folder():
            self._kept.write(data)

    def commit(self) -> None:
        """Writes everything that was kept."""
        self._kept.seek(0)
        try:
            while data := self._kept.read(CHUNK):
                sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        except BrokenPipeError:  # the reader, such as `head`, has read enough
            raise
        except OSError as error:
            raise CommandError(f"Standard output cannot be written: {error.strerror}.") from None
        self._kept.close()

    def discard(self) -> None:
        """Forgets what was kept."""
        self._kept.close()


def one_use_of_standard_output(output: str, as_json: bool) -> None:
    """Raises BadParameter when the data and the JSON result would both go to standard output."""
    if output == STANDARD and as_json:
        raise _refused("'-' and --json would both write to standard output. Name a file, or leave --json out.")


def _made_sink(path: Path, sources: Iterable[str | Path], force: bool) -> Sink:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _refused(f"the folder '{path.parent}' cannot be made: {error.strerror}.") from None
    return output_sink(str(path), sources, force)


def _same_file(path: Path, source: str | Path) -> bool:
    """Whether both are one file, whatever their names: samefile compares device and inode.

    That covers relative names, links of both kinds, and names of another case where the file system ignores it.
    """
    with suppress(OSError):
        return path.samefile(source)
    return False


def _holds(path: Path, data: bytes) -> bool:
    with suppress(OSError):
        return path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data
    return False


def _refused(why: str) -> typer.BadParameter:
    return typer.BadParameter(why, param_hint="--output")
