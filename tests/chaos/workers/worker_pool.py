"""Runs several workers in parallel. Each is a process with its own cloud."""

from __future__ import annotations

import logging
import multiprocessing
import multiprocessing.connection
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local import processes
from tests.chaos.cases import Baseline, Case
from tests.chaos.injection.releases import release_disabled
from tests.chaos.results import Result, result_of
from tests.chaos.workers.worker import Worker

# The baseline is set for the first run of a scenario only.
TaskResult = tuple[Result, Baseline | None]


@dataclass(frozen=True)
class Task:
    """A case to run, with one of the five releases disabled, or none (0)."""

    case: Case
    disabled_release: int = 0


class WorkerPool:
    """A number of workers. They deploy their clouds on entering the context, and take them down on leaving it."""

    def __init__(self, count: int) -> None:
        self._context = multiprocessing.get_context("spawn")
        # Queues of Task or None, and of TaskResult or a traceback. multiprocessing's queues have no element type.
        self._tasks: Any = self._context.Queue()
        self._results: Any = self._context.Queue()
        self._folder = tempfile.TemporaryDirectory(prefix="chaos-")
        self._processes = [
            self._context.Process(
                target=_work, args=(Path(self._folder.name) / f"worker{n}", n, self._tasks, self._results)
            )
            for n in range(count)
        ]

    def __enter__(self) -> WorkerPool:
        for process in self._processes:
            process.start()
        return self

    def __exit__(self, *error: object) -> None:
        while not self._tasks.empty():
            self._tasks.get()
        for _ in self._processes:
            self._tasks.put(None)
        for process in self._processes:
            process.join()
        self._folder.cleanup()

    def run(self, tasks: Sequence[Task]) -> Iterator[TaskResult]:
        """The results in the order in which they arrive. Raises RuntimeError if a worker fails."""
        for task in tasks:
            self._tasks.put(task)
        for _ in tasks:
            result = self._results.get()
            if isinstance(result, str):
                raise RuntimeError(f"A worker failed:\n{result}")
            yield result


def _work(folder: Path, number: int, tasks: Any, results: Any) -> None:
    logging.disable(logging.INFO)
    processes.exit_with_parent()
    processes.own_clouds()
    worker: Worker | None = None
    try:
        worker = Worker(folder)
        while True:
            task = tasks.get()
            if task is None:
                return
            dataset = f"case-{number}-{int(time.time() * 10) % 10**8}"
            with release_disabled(worker, task.disabled_release):
                results.put(result_of(worker, task.case, dataset, task.disabled_release))
    except KeyboardInterrupt:
        sys.exit(130)
    except BaseException:  # `run` waits for a result in any case. It raises the error in the main process.
        results.put(traceback.format_exc())
        raise
    finally:
        if worker:
            worker.close()
