"""Standard input as a file: every reader reads its source more than once."""

from __future__ import annotations

import atexit
import shutil
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TextIO

import typer

from tuner.cli.errors import CommandError
from tuner.cli.terminal.outputs import STANDARD, using_temporary_folder
from tuner.datasets.io import CHUNK
from tuner.datasets.reading import UnreadableError
from tuner.datasets.reading.compressed import decompressed

_HEAD_BYTES = 65_536
_used: list[tuple[TextIO, str]] = []
"""The stream that was read, and the option that it was read for."""


def local_input(path: str | Path, role: str = "", ending: str | None = None) -> Path:
    """The path; for `-` that of a copy of standard input, which can be read once only and by one option only.

    The copy's name ends with `ending`. Without it, the content decides between a text table and what the readers
    recognize themselves. Raises CommandError when two options name `-`.
    """
    if str(path) != STANDARD:
        return Path(path)
    for stream, reader in _used:
        if stream is sys.stdin:
            raise CommandError(f"Standard input can be read once: '-' is given for {reader} and for {role}.")
    _used.append((sys.stdin, role))
    with using_temporary_folder():
        copy = _folder() / "stdin"
        copy.write_bytes(b"")
    while chunk := sys.stdin.buffer.read(CHUNK):
        with using_temporary_folder(), copy.open("ab") as file:
            file.write(chunk)
    return copy.rename(copy.with_name(f"stdin{_ending(copy) if ending is None else ending}"))


def input_file(path: Path, option: str, ending: str | None = None) -> Path:
    """A file to read, or standard input for `-`. Raises BadParameter when there is none."""
    found = local_input(path, option, ending)
    if not found.is_file():
        what = "is a folder" if found.is_dir() else "is no regular file" if found.exists() else "does not exist"
        raise typer.BadParameter(f"'{path}' {what}: name a file, or '-' for standard input.", param_hint=option)
    return found


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="tuner-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _ending(copy: Path) -> str:
    """`.csv` or `.tsv` for a table of text, which the readers know by name alone; nothing for other formats."""
    with copy.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    try:
        text = next(_unpacked(head), b"").removeprefix(b"\xef\xbb\xbf").lstrip()
    except UnreadableError:
        return ""  # the reader says what is wrong with it
    if not text or text.startswith((b"{", b"[", b"PAR1", b"PK\x03\x04", b"%PDF")):
        return ""
    first = text.partition(b"\n")[0]
    return ".tsv" if b"\t" in first and b"," not in first and b";" not in first else ".csv"


def _unpacked(head: bytes) -> Iterator[bytes]:
    return decompressed(head, iter([head]))
