"""Reads HTML, DOCX and PDF files in a process of its own, with limits of memory and time.

A hostile file can make a parser take any amount of both, or crash. One process reads all documents; when a document
ends it, the next one gets a new process. `process_main` is what runs in it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from tuner.generation.chunks import Chunk
from tuner.generation.reading.process_main import SECONDS, SMALL, Reply
from tuner.generation.reading.unusable_document import UnusableError

ALL_SECONDS = 300
"""Seconds that all documents of a dataset may take: a third of what the step has."""
_SCRIPT = Path(__file__).with_name("process_main.py")
_REMEDY = "Save it again in another format, or remove it."


class DocumentProcess:
    """The process, as a context. It is started for the first document. `small` is the size of the chunks."""

    def __init__(self, small: bool = False) -> None:
        self._arguments = [SMALL] if small else []
        self._process: subprocess.Popen[bytes] | None = None
        self._ends_at = time.monotonic() + ALL_SECONDS

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._end()

    def chunks(self, name: str, data: bytes) -> list[Chunk]:
        """The chunks of a document. Raises UnusableError when it has none, or exceeds a limit."""
        if time.monotonic() > self._ends_at:
            raise UnusableError(
                f"was not read: reading the other documents took more than {ALL_SECONDS} seconds",
                "Remove documents that take long, or save them as text.",
            )
        process = self._process or self._start()
        assert process.stdin is not None and process.stdout is not None
        answer = b""
        with contextlib.suppress(BrokenPipeError):
            for part in (name.encode("utf-8", "surrogateescape"), data):
                process.stdin.write(len(part).to_bytes(8, "big") + part)
            process.stdin.flush()
            answer = process.stdout.readline()
        if not answer.endswith(b"\n"):
            raise UnusableError(*_ending(self._end()))
        reply = msgspec.json.decode(answer, type=Reply)
        if reply.problem:
            raise UnusableError(reply.problem, reply.remedy)
        return reply.chunks

    def _start(self) -> subprocess.Popen[bytes]:
        # Lambda's runtime adds the layers to sys.path itself.
        paths = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._process = subprocess.Popen(  # noqa: S603 - a script of this package
            [sys.executable, "-P", str(_SCRIPT), *self._arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **paths},
        )
        return self._process

    def _end(self) -> int:
        """Ends the process, and returns its status. It may have ended by itself, which then says why."""
        process, self._process = self._process, None
        if process is None:
            return 0
        assert process.stdin is not None and process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        process.stdout.close()
        return process.wait()


def _ending(status: int) -> tuple[str, str]:
    """Problem and remedy of a document that ended the process."""
    if status == -signal.SIGXCPU:
        return f"takes more than {SECONDS} seconds to read", _REMEDY
    return "is damaged, or needs too much memory to read", _REMEDY
