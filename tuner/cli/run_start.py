"""Starts a run of a dataset that is in the data bucket: finds the repeat's number, requests it and waits."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from tuner.artifacts.manifest import Manifest
from tuner.aws.clients import client
from tuner.aws.error_mapping import mapped_errors
from tuner.aws.s3.dataset_bucket import DatasetBucket
from tuner.cli import run_lookup
from tuner.cli.deployment import Deployment
from tuner.cli.errors import CommandError
from tuner.cli.progress import executions
from tuner.cli.progress.executions import Run
from tuner.cli.terminal.console import say
from tuner.cli.terminal.interruption import interruptible
from tuner.core.errors import RetryableError
from tuner.core.run import INCOMING
from tuner.intake.arrival import Arrival, changes, pin_now

_REPEAT = re.compile(r"-r\d+$")
# Time for EventBridge's delivery and the start function's own work, in addition to the deployment's quiet_seconds.
_START_SECONDS = 150
# An Inactive function is ready again after 40 to 106 seconds (statemachine/retries.py has the source).
_READY_SECONDS = 240
_READY_PAUSE_SECONDS = 3

RunId = Callable[[int], str]
"""Maps the number of a repeat to the id of its run. Number 0 is the first run of the files."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """The next run of the files that a dataset has in the bucket now. `sentences` say how they changed."""

    content: Arrival
    number: int
    sentences: tuple[str, ...]

    @property
    def dataset(self) -> str:
        """Name of the dataset."""
        return self.content.dataset

    @property
    def run_id(self) -> str:
        """Id of the run."""
        return self.content.repeated(self.number)


def next_number(deployment: Deployment, run_id: RunId, first: int = 0) -> int:
    """The first number from `first` on that no run has. 0: the files were never run."""
    number = first
    while run_lookup.find(deployment, run_id(number)):
        number += 1
    return number


def repeat_of(deployment: Deployment, earlier: Run) -> Repeat:
    """What a repeat of `earlier` runs: the start function uses the files that are in the bucket now.

    Raises CommandError when the run has no dataset, DatasetError when its files are gone, and RetryableError when they
    change at this moment.
    """
    if not earlier.dataset:
        raise CommandError(f"The run {earlier.run_id} names no dataset, so it cannot be run again. Run a folder.")
    content = pin_now(DatasetBucket(deployment.data_bucket), earlier.dataset)
    if content.run_id == _REPEAT.sub("", earlier.run_id):
        return Repeat(content, next_number(deployment, content.repeated, first=1), ())
    changed = Repeat(content, next_number(deployment, content.repeated), ())
    return replace(changed, sentences=_differences(deployment, earlier, changed))


def _differences(deployment: Deployment, earlier: Run, repeat: Repeat) -> tuple[str, ...]:
    manifest = deployment.folder(earlier.run_id).load_if_present(Manifest)
    changed = changes(manifest.inputs, repeat.content) if manifest else ()
    what = f": {', '.join(changed)}" if changed else ""
    ran = f"They were run before, as {repeat.content.run_id}." if repeat.number else "They were not run before."
    return (
        f"The files in {INCOMING}{repeat.dataset}/ are not those of {earlier.run_id} any more{what}.",
        f"A run uses the files that are there now. {ran} This run of them is {repeat.run_id}.",
    )


def request(deployment: Deployment, dataset: str, run_id: RunId, number: int) -> str:
    """Requests a repeat of the files in the bucket, and waits until it has started. Returns the run's id."""
    event = json.dumps({"dataset": dataset, "repeat": number}).encode()
    _invoke(deployment.start_function, event)
    run = run_id(number)
    say(f"Waiting for {run} to start")
    _wait(deployment, dataset, run, _START_SECONDS)
    return run


def wait(deployment: Deployment, dataset: str, run_id: str) -> None:
    """Waits until the run that an upload starts has started."""
    quiet = deployment.settings.quiet_seconds
    say(f"Waiting for {run_id} to start: {quiet}\u00a0s after the last upload")
    _wait(deployment, dataset, run_id, quiet + _START_SECONDS)


def _invoke(function: str, event: bytes) -> None:
    """Invokes the start function. Lambda makes a function Inactive after weeks: the first call wakes it and fails."""
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        try:
            with mapped_errors(f"start a repeat with the function '{function}'"):
                # Asynchronous: Lambda retries if the folder changes meanwhile, and hashing a large one takes minutes.
                client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=event)
        except RetryableError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_READY_PAUSE_SECONDS)
        else:
            return


def _wait(deployment: Deployment, dataset: str, run_id: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    with interruptible(
        f"Stopped waiting. The files are uploaded and the run will start. Follow it: tuner watch {run_id}. "
        f"End it: tuner stop {run_id}"
    ):
        while not executions.find(deployment, run_id):
            if time.monotonic() > deadline:
                raise CommandError(
                    f"The files of '{dataset}' are uploaded, but the run {run_id} did not start. Perhaps somebody "
                    "changed the dataset meanwhile: 'tuner runs' lists the runs that started. Otherwise look into the "
                    f"log of the function '{deployment.start_function}'."
                )
            time.sleep(1)
