"""Waits until a dataset's folder rests, and pins every object in it to the version that is there then."""

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

# `aws s3 cp --recursive` of a large dataset takes minutes; a folder that changes for longer is somebody's mistake.
LONGEST_WAIT_SECONDS = 600

# Step Functions takes 256 KiB of input.
_LARGEST_INPUT_BYTES = 250_000


class Folder(Protocol):
    """The data bucket."""

    def list(self, dataset: str) -> tuple[ListedObject, ...]:
        """What is in a dataset's folder now."""
        ...

    def hash(self, key: str) -> HashedObject | None:
        """An object's current version."""
        ...


@dataclass(frozen=True, slots=True)
class Arrival:
    """A dataset that is ready to run."""

    run_id: str
    dataset: str
    inputs: tuple[PinnedInput, ...]

    def execution_input(self) -> str:
        """The execution's input: the same bytes whenever the same versions are pinned."""
        document = {
            "run_id": self.run_id,
            "dataset": self.dataset,
            "inputs": [pinned.model_dump() for pinned in self.inputs],
        }
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        if len(text.encode()) > _LARGEST_INPUT_BYTES:
            raise DatasetError(
                f"{INCOMING}{self.dataset}/: {len(self.inputs)} files are too many for one run. Join the documents."
            )
        return text


def arrive(
    folder: Folder,
    dataset: str,
    quiet_seconds: float,
    repeat: int = 0,
    sleep: Callable[[float], None] = time.sleep,
) -> Arrival:
    """The dataset's content once nothing in its folder has changed for `quiet_seconds`, as the run that it makes.

    Raises DatasetError when the folder does not rest within ten minutes, or has no training data. Whatever else is
    wrong with it is for the run to say: its refusal is reported.
    """
    waited = 0.0
    while True:
        listing = _relevant(folder, dataset)
        pause = max((quiet_seconds - seconds_since(entry.modified) for entry in listing), default=0.0)
        if pause <= 0:
            inputs = _pin(folder, dataset, listing)
            if inputs is not None:
                names = [(_name(dataset, pinned.key), pinned.sha256) for pinned in inputs]
                return Arrival(run_id(dataset, names, repeat), dataset, inputs)
            pause = min(1.0, quiet_seconds)
        if waited + pause > LONGEST_WAIT_SECONDS:
            raise DatasetError(
                f"{INCOMING}{dataset}/ has kept changing for {LONGEST_WAIT_SECONDS // 60} minutes. Finish the upload, "
                "then upload the training file again."
            )
        sleep(pause)
        waited += pause


def _relevant(folder: Folder, dataset: str) -> tuple[ListedObject, ...]:
    """The objects that belong to the dataset, by key; what else lies in the folder is passed over."""
    found = [entry for entry in folder.list(dataset) if role_of(_name(dataset, entry.key))]
    return tuple(sorted(found, key=lambda entry: entry.key))


def _pin(folder: Folder, dataset: str, listing: tuple[ListedObject, ...]) -> tuple[PinnedInput, ...] | None:
    """What was listed, read and hashed; None when the folder changed meanwhile."""
    if not any(role_of(_name(dataset, entry.key)) == "training" for entry in listing):
        raise DatasetError(f"{INCOMING}{dataset}/: there is no training file. Upload {accepted_names('training')}.")
    inputs: list[PinnedInput] = []
    for entry in listing:
        hashed = folder.hash(entry.key)
        if hashed is None:
            return None
        role = cast("Role", role_of(_name(dataset, entry.key)))  # `_relevant` kept nothing without one
        pinned = PinnedInput(
            role=role, key=entry.key, version_id=hashed.version_id, size=hashed.size, sha256=hashed.sha256
        )
        inputs.append(pinned)
    # S3 lists consistently: what was read is what was listed if, and only if, the list is still the same.
    return tuple(inputs) if _relevant(folder, dataset) == listing else None


def _name(dataset: str, key: str) -> str:
    return key.removeprefix(f"{INCOMING}{dataset}/")
