"""Several lanes at once: each is a process with a cloud of its own."""

from __future__ import annotations

import logging
import multiprocessing
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.chaos.cases import Baseline, Case
from tests.chaos.releases import without
from tests.chaos.results import Result, result_of
from tests.chaos.worker import Worker

Say = Callable[[str], None]
Played = tuple[Result, Baseline | None]


@dataclass(frozen=True)
class Task:
    """A case to play with one of the five releases switched off, or with all (0)."""

    case: Case
    off: int = 0


class WorkerPool:
    """So many clouds. They are brought up when first needed, and go down with the context."""

    def __init__(self, count: int) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._tasks: Any = self._context.Queue()
        self._played: Any = self._context.Queue()
        self._folder = tempfile.TemporaryDirectory(prefix="chaos-")
        self._processes = [
            self._context.Process(
                target=_serve, args=(Path(self._folder.name) / f"lane{n}", n, self._tasks, self._played)
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

    def play(self, tasks: Sequence[Task]) -> Iterator[Played]:
        """Results in the order in which they come. Raises when a lane breaks down."""
        for task in tasks:
            self._tasks.put(task)
        for _ in tasks:
            played = self._played.get()
            if isinstance(played, str):
                raise RuntimeError(f"A lane broke down:\n{played}")
            yield played


def _serve(folder: Path, number: int, tasks: Any, played: Any) -> None:
    logging.disable(logging.INFO)
    lane: Worker | None = None
    try:
        lane = Worker(folder)
        while True:
            task = tasks.get()
            if task is None:
                return
            dataset = f"case-{number}-{int(time.time() * 10) % 10**8}"
            with without(lane, task.off):
                played.put(result_of(lane, task.case, dataset, task.off))
    except KeyboardInterrupt:
        sys.exit(130)
    except BaseException:  # whatever it was: `play` waits for an answer, and raises it
        played.put(traceback.format_exc())
        raise
    finally:
        if lane:
            lane.close()
