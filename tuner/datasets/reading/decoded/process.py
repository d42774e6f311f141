"""Runs one of `tuner/decoders` in a process of its own.

A damaged or hostile file can crash the process that decodes it, or ask for any amount of memory and time.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import msgspec

from tuner import decoders
from tuner.datasets.findings import Issue
from tuner.datasets.reading.budget import UnreadableError
from tuner.decoders.process import PROCESSOR_SECONDS


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


def decoded(
    decoder: str, file: IO[bytes], broken: Callable[[str], UnreadableError], *given: str
) -> Iterator[list[Any]]:
    """The batches of rows that the other process writes. `broken` makes the error from the reason that it gives.

    `given` are arguments of the decoder.
    """
    script = Path(decoders.__file__).with_name(f"{decoder}.py")
    # Lambda's runtime adds the layers to sys.path itself.
    paths = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(  # noqa: S603 - a script of this package
        [sys.executable, "-P", str(script), *given],
        stdin=file,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **paths},
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            rows = msgspec.json.decode(line)
            if isinstance(rows, str):
                raise broken(rows)
            yield rows
    if process.returncode == -signal.SIGXCPU:
        raise broken(f"decoding it takes more than {PROCESSOR_SECONDS} seconds")
    if process.returncode:
        raise broken("its content is damaged, or needs too much memory")
