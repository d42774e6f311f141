"""Checks the input of an execution: everything in it must follow from the dataset's name and the pinned versions.

The start function makes this input. Whoever may start executions can write another one, such as one that names the
files of another dataset. Such a run is refused before it reads anything from them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from tuner.artifacts.manifest import PinnedInput
from tuner.aws.s3.dataset_bucket import HashedObject
from tuner.core.errors import RunRefusedError
from tuner.core.run import INCOMING, again_command, role_of, run_id, shown_folder
from tuner.intake.arrival import too_large

_REPEAT = re.compile(r"-r([1-9][0-9]*)$")
_REMEDY = (
    "Start runs by uploading a dataset, or with 'tuner run'. No execution can have this name again. If it is the run "
    f"id of your dataset, use: {again_command('PATH')}"
)


class PinnedObjects(Protocol):
    """The data bucket."""

    def hash_version(self, pinned: PinnedInput) -> HashedObject | None:
        """The hash of the pinned version; None when there is no such version of this size."""
        ...


def refuse_foreign_inputs(
    bucket: PinnedObjects, dataset: str, run: str, execution_arn: str, pinned: Sequence[PinnedInput]
) -> None:
    """Raises RunRefusedError unless the input is one that the start function makes for this dataset.

    The keys must be in the dataset's folder and have their roles. The run's id and the execution's name must be those
    of this content. Each version must have the size and the hash that the input says.
    """
    if not dataset or "/" in dataset:
        raise RunRefusedError(f"{dataset!r} is not the name of a dataset. {_REMEDY}")
    prefix = f"{INCOMING}{dataset}/"
    names = [entry.key.removeprefix(prefix) for entry in pinned]
    for entry, name in zip(pinned, names, strict=True):
        if not entry.key.startswith(prefix) or role_of(name) != entry.role:
            raise RunRefusedError(f"{entry.key!r} is not the {entry.role} data of the dataset {dataset!r}. {_REMEDY}")
    if len(set(names)) < len(names):
        raise RunRefusedError(f"The execution's input names a file of {shown_folder(dataset)} twice. {_REMEDY}")
    repeated = _REPEAT.search(run)
    contents = [(name, entry.sha256) for name, entry in zip(names, pinned, strict=True)]
    expected = run_id(dataset, contents, int(repeated[1]) if repeated else 0)
    for what, found in (("run id", run), ("execution name", execution_arn.rpartition(":")[2])):
        if found != expected:
            raise RunRefusedError(f"The {what} {found!r} is not that of this content, {expected!r}. {_REMEDY}")
    # The sizes are those of the input until they are compared, object by object, before anything is read.
    if reason := too_large(shown_folder(dataset), sum(entry.size for entry in pinned)):
        raise RunRefusedError(reason)
    for entry in pinned:
        if bucket.hash_version(entry) != HashedObject(entry.version_id, entry.size, entry.sha256):
            raise RunRefusedError(
                f"Version {entry.version_id!r} of {entry.key!r} does not have the size and the SHA-256 that the "
                f"execution's input says. {_REMEDY}"
            )
