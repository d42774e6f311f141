"""The process that function processes are forked from. It has imported the packages that all functions of the app use.

The server starts this file as a program, because the functions must find their own modules and none of the checkout.
The server sends four file descriptors for each function process: its standard streams, and a pipe that tells its id
and, when it closes, its end. The first line of standard input says what to run.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

# Of the packages in lambdas/requirements.txt. The app's own modules come from the code of each function.
_PACKAGES = (
    "aws_lambda_powertools.metrics",
    "aws_lambda_powertools.utilities.parser",
    "aws_lambda_powertools.utilities.typing",
    "aws_xray_sdk.core",
    "boto3",
    "botocore.handlers",
    "pydantic_settings",
    "yaml",
)
DESCRIPTORS = 4


def main() -> None:
    """Forks a process for each request, until the server closes the socket or ends."""
    server = socket.socket(fileno=int(sys.argv[1]))
    # The X-Ray SDK looks for it when it is imported, and behaves differently outside of Lambda.
    os.environ.setdefault("LAMBDA_TASK_ROOT", "/var/task")
    for package in _PACKAGES:
        with suppress(ImportError):  # A function that needs it says so.
            importlib.import_module(package)
    gc.collect()
    gc.freeze()  # The collector would copy the pages that the forked processes share.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # Nobody else collects the processes that end.
    while True:
        _, descriptors, _, _ = socket.recv_fds(server, 1, DESCRIPTORS)
        if not descriptors:
            return
        if not os.fork():
            server.close()
            _run(*descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _run(stdin: int, stdout: int, stderr: int, status: int) -> None:
    """Becomes the process of a function. Never returns."""
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for standard, descriptor in enumerate((stdin, stdout, stderr)):
            os.dup2(descriptor, standard)
            os.close(descriptor)
        os.write(status, os.getpid().to_bytes(8, "little"))
        request = json.loads(sys.stdin.readline())
        os.environ.clear()
        os.environ.update(request["environment"])
        os.chdir(request["folder"])
        script = Path(request["script"])
        sys.argv[:] = [str(script)]
        sys.path[0] = str(script.parent)
        _customize()
        exec(compile(script.read_bytes(), script, "exec"), {"__name__": "__main__"})  # noqa: S102
        code = 0
    except BaseException:  # As an interpreter does. The fork must never return to the loop that forks others.
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _customize() -> None:
    """What an interpreter does at its start with the function's own PYTHONPATH."""
    own = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path and path not in sys.path]
    if own:
        sys.path[1:1] = own
        with suppress(ImportError):
            importlib.import_module("sitecustomize")


if __name__ == "__main__":
    main()
