"""Forks the processes of Python functions from one that has imported their packages, and unpacks their code once.

MiniStack starts an interpreter and unpacks the code for each process of a function. It then imports boto3, pydantic and
Powertools and compiles all modules anew, which takes most of a cold start. On AWS, cold starts run on machines of their
own; here they would share a few cores with all the rest.
"""

from __future__ import annotations

import hashlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

from ministack.core import lambda_runtime

from local.patches.lambda_functions import function_host


def install() -> None:
    """Replaces two modules in MiniStack's module of function processes. Other programs than Python start as before."""
    host = FunctionHost()

    def popen(command: Sequence[str], *, cwd: str, env: Mapping[str, str], **rest: Any) -> Any:
        if command[0] == sys.executable:
            return host.start(Path(command[1]), Path(cwd), env)
        return subprocess.Popen(command, cwd=cwd, env=env, **rest)  # noqa: S603 - MiniStack's own command

    lambda_runtime.subprocess = SimpleNamespace(**(vars(subprocess) | {"Popen": popen}))
    lambda_runtime.zipfile = SimpleNamespace(**(vars(zipfile) | {"ZipFile": SharedArchive}))


class SharedArchive(zipfile.ZipFile):
    """An archive that is unpacked once, beside the folders of the processes. Each of them gets a link to it.

    So all processes of the same code use one folder, with one set of compiled modules.
    """

    def extractall(self, path: Any = None, members: Any = None, pwd: Any = None) -> None:
        """Links the folder `path` to the unpacked archive."""
        archive, folder = Path(str(self.filename)), Path(path)
        shared = archive.parent.with_name(f"unpacked-{hashlib.sha256(archive.read_bytes()).hexdigest()}")
        if not shared.exists():
            super().extractall(folder, members, pwd)
            with suppress(OSError):  # Another thread was the first.
                folder.rename(shared)
        if folder.exists():
            shutil.rmtree(folder)
        folder.symlink_to(shared)


class FunctionHost:
    """Starts the host with the first function, and again if it died. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None

    def start(self, script: Path, folder: Path, environment: Mapping[str, str]) -> ForkedProcess:
        """A process that runs MiniStack's worker script in the folder of the function's code."""
        (stdin, to_stdin), (from_stdout, stdout), (from_stderr, stderr), (status, ended) = (
            os.pipe() for _ in range(function_host.DESCRIPTORS)
        )
        theirs = [stdin, stdout, stderr, ended]
        try:
            with self._lock:
                socket.send_fds(self._running(), [b"f"], theirs)
        finally:
            for descriptor in theirs:
                os.close(descriptor)
        process = ForkedProcess(to_stdin, from_stdout, from_stderr, status)
        request = {"script": str(script), "folder": str(folder), "environment": dict(environment)}
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        return process

    def _running(self) -> socket.socket:
        if self._socket is None or self._process is None or self._process.poll() is not None:
            self._socket, theirs = socket.socketpair()
            with theirs:
                command = [sys.executable, function_host.__file__, str(theirs.fileno())]
                self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()])  # noqa: S603
        return self._socket


class ForkedProcess:
    """What MiniStack uses of `subprocess.Popen`. How the process ended is not known: its parent is the host."""

    def __init__(self, stdin: int, stdout: int, stderr: int, status: int) -> None:
        self.stdin: IO[str] = os.fdopen(stdin, "w", buffering=1, encoding="utf-8")
        self.stdout: IO[str] = os.fdopen(stdout, encoding="utf-8")
        self.stderr: IO[str] = os.fdopen(stderr, encoding="utf-8")
        self._status = os.fdopen(status, "rb", buffering=0)
        self.pid = int.from_bytes(self._status.read(8), "little")

    def poll(self) -> int | None:
        """None while the process runs."""
        return self._wait(0)

    def wait(self, timeout: float | None = None) -> int:
        """Waits until the process has ended."""
        if (code := self._wait(timeout)) is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
        return code

    def terminate(self) -> None:
        """Sends SIGTERM to the process, unless it has ended."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """Sends SIGKILL to the process, unless it has ended."""
        self._signal(signal.SIGKILL)

    def _wait(self, seconds: float | None) -> int | None:
        """The pipe closes when the process, which holds its other end, has ended."""
        poll = select.poll()
        poll.register(self._status, select.POLLHUP)
        return 0 if poll.poll(None if seconds is None else 1000 * seconds) else None

    def _signal(self, number: signal.Signals) -> None:
        if self.pid and self.poll() is None:
            os.kill(self.pid, number)
