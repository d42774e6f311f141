"""Waits until the upload of a dataset is complete, and pins every object of its folder to its current version."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, cast

from tuner.artifacts.manifest import PinnedInput
from tuner.aws.s3.dataset_bucket import HashedObject, ListedObject
from tuner.core.errors import DatasetError
from tuner.core.file_formats import accepted_names
from tuner.core.run import INCOMING, Role, role_of, run_id
from tuner.core.times import seconds_since

# `aws s3 cp --recursive` of a large dataset takes minutes. A folder that changes for longer is probably a mistake.
MAX_WAIT_SECONDS = 600

# Step Functions accepts 256 KiB of input.
_MAX_INPUT_BYTES = 250_000


class Folder(Protocol):
    """The data bucket."""

    def list(self, dataset: str) -> tuple[ListedObject, ...]:
        """The current objects of a dataset's folder."""
        ...

    def hash(self, key: str) -> HashedObject | None:
        """An object's current version."""
        ...


@dataclass(frozen=True, slots=True)
class Arrival:
    """A completely uploaded dataset."""

    run_id: str
    dataset: str
    inputs: tuple[PinnedInput, ...]

    def execution_input(self) -> str:
        """The input of the execution. It has the same bytes whenever the same versions are pinned.

        StartExecution is idempotent for a running execution only if name and input are the same.
        """
        document = {
            "run_id": self.run_id,
            "dataset": self.dataset,
            "inputs": [pinned.model_dump() for pinned in self.inputs],
        }
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        if len(text.encode()) > _MAX_INPUT_BYTES:
            raise DatasetError(
                f"{INCOMING}{self.dataset}/: {len(self.inputs)} files are too many for one run. Combine documents into "
                "fewer files."
            )
        return text


def arrive(
    folder: Folder,
    dataset: str,
    quiet_seconds: float,
    repeat: int = 0,
    sleep: Callable[[float], None] = time.sleep,
) -> Arrival:
    """Waits until nothing in the folder has changed for `quiet_seconds`, and pins the objects.

    Raises DatasetError when the folder still changes after ten minutes, or has no training data. All other problems are
    left to the run, because a refused run has a report and a notification.
    """
    waited = 0.0
    while True:
        listing = _relevant(folder, dataset)
        # The age of the newest object decides how long to wait.
        pause = max((quiet_seconds - seconds_since(entry.modified) for entry in listing), default=0.0)
        if pause <= 0:
            inputs = _pin(folder, dataset, listing)
            if inputs is not None:
                names = [(_name(dataset, pinned.key), pinned.sha256) for pinned in inputs]
                return Arrival(run_id(dataset, names, repeat), dataset, inputs)
            pause = min(1.0, quiet_seconds)
        if waited + pause > MAX_WAIT_SECONDS:
            raise DatasetError(
                f"{INCOMING}{dataset}/ still changes after {MAX_WAIT_SECONDS // 60} minutes. Finish the upload, then "
                "upload the training file again."
            )
        sleep(pause)
        waited += pause


def _relevant(folder: Folder, dataset: str) -> tuple[ListedObject, ...]:
    """The objects that belong to the dataset, sorted by key. Other objects of the folder are ignored."""
    found = [entry for entry in folder.list(dataset) if role_of(_name(dataset, entry.key))]
    return tuple(sorted(found, key=lambda entry: entry.key))


def _pin(folder: Folder, dataset: str, listing: tuple[ListedObject, ...]) -> tuple[PinnedInput, ...] | None:
    """Reads and hashes what was listed. None when the folder changed in the meantime."""
    if not any(role_of(_name(dataset, entry.key)) == "training" for entry in listing):
        raise DatasetError(f"{INCOMING}{dataset}/: there is no training file. Upload {accepted_names('training')}.")
    inputs: list[PinnedInput] = []
    for entry in listing:
        hashed = folder.hash(entry.key)
        if hashed is None:
            return None
        role = cast("Role", role_of(_name(dataset, entry.key)))  # `_relevant` returns only objects with a role
        pinned = PinnedInput(
            role=role, key=entry.key, version_id=hashed.version_id, size=hashed.size, sha256=hashed.sha256
        )
        inputs.append(pinned)
    # S3 listings are strongly consistent: an unchanged listing proves that the objects read are the objects listed.
    return tuple(inputs) if _relevant(folder, dataset) == listing else None


def _name(dataset: str, key: str) -> str:
    return key.removeprefix(f"{INCOMING}{dataset}/")
