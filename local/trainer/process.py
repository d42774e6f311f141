"""The training processes. They are forked from a process that has imported PyTorch, which takes five seconds each time.

A training process writes progress, adapter and log to its folder. It ends with its parent, even if that was killed.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import sys
import threading
from pathlib import Path

from local.processes import exit_with_parent
from local.trainer.spec import SPEC_FILE, TrainingSpec

LOG_FILE = "trainer.log"
GRACE_SECONDS = 5

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["local.trainer.preloaded"])
# multiprocessing also reads the exit codes of other processes when it starts one. Two threads that read one exit code
# at the same time would get a wrong one.
_LOCK = threading.Lock()


class TrainingProcess:
    """A process that trains by `folder`/spec.json, started at once."""

    def __init__(self, folder: Path) -> None:
        self._process = _CONTEXT.Process(target=_train, args=(folder,), daemon=True)
        with _LOCK:
            self._process.start()

    def exit_code(self) -> int | None:
        """None while the process runs, 0 if the training finished. Otherwise the log's last line has the reason."""
        with _LOCK:
            return self._process.exitcode

    def end(self) -> None:
        """Ends the process if it is running: with SIGTERM, and later with SIGKILL."""
        if self.exit_code() is not None:
            return
        self._process.terminate()
        if not multiprocessing.connection.wait([self._process.sentinel], GRACE_SECONDS):
            self._process.kill()
            multiprocessing.connection.wait([self._process.sentinel])


def _train(folder: Path) -> None:
    with (folder / LOG_FILE).open("wb") as log:
        os.dup2(log.fileno(), sys.stdout.fileno())
        os.dup2(log.fileno(), sys.stderr.fileno())
    exit_with_parent()
    # Imported here, so that the server does not import PyTorch.
    import torch

    from local.trainer.preloaded import Trainer

    spec = TrainingSpec.model_validate_json((folder / SPEC_FILE).read_bytes())
    torch.set_num_threads(spec.threads)
    Trainer(spec, folder).run()
