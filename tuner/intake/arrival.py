"""Decides whether the upload of a dataset is complete, and pins every object of its folder to its current version."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from tuner.artifacts.manifest import Manifest, PinnedInput
from tuner.aws.dynamodb.dataset_reads_table import ALL_DATASETS, Full, Read
from tuner.aws.s3.dataset_bucket import HashedObject, ListedObject
from tuner.core.errors import DatasetError, RetryableError
from tuner.core.file_formats import accepted_names
from tuner.core.run import INCOMING, UPLOADING, Role, role_of, run_id, shown_folder
from tuner.core.text_sanitizer import shown_name
from tuner.core.times import iso
from tuner.intake.unused_files import can_start

# The marker of an upload that was interrupted stays. Files that others upload after this time start a run again.
_LONGEST_UPLOAD = dt.timedelta(hours=6)
# S3 has whole seconds, and its event has the time at which the upload ended:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
_CLOCK_DIFFERENCE = dt.timedelta(seconds=5)
# Step Functions accepts 256 KiB of input.
_MAX_INPUT_BYTES = 250_000
# The function that starts runs reads every byte, and only two of it run at the same time. S3 gives about 85 MB/s, so
# this takes less than two minutes. A run reads at most 4 GiB of a file.
MOST_BYTES = 8 * 2**30
# The most that is read of one dataset in an hour, whether or not it starts a run: about six minutes of a function. So
# datasets that change all the time leave both functions to others for most of the hour.
MOST_BYTES_AN_HOUR = 4 * MOST_BYTES
# The most that is read of all large datasets together within ten minutes: about seven minutes of a function. So many
# datasets that change all the time, or come at once, leave a function to a small one after some minutes.
MOST_BYTES_TOGETHER, TOGETHER = 4 * MOST_BYTES, dt.timedelta(minutes=10)
# A dataset is large if it takes longer to read than its message takes anyway, which is about a second.
LARGE_BYTES = 64 * 2**20
# S3's version ids have 32 characters. Most documents have less than 100 MB.
_VERSION, _HASH, _SIZE = "v" * 32, "0" * 64, 10**7
_SHOWN_FILES = 5


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

    def repeated(self, repeat: int) -> str:
        """The id of a repeat of this content; that of its first run for 0."""
        return run_id(self.dataset, _contents(self.dataset, self.inputs), repeat)

    def execution_input(self) -> str:
        """The input of the execution. It has the same bytes whenever the same versions are pinned.

        StartExecution is idempotent for a running execution only if name and input are the same. Of too many files, the
        input has the number only, and the first step refuses them: a refused run has a report and a notification.
        """
        return self._as_json() if self.fits else self._as_json(files=len(self.inputs))

    @property
    def fits(self) -> bool:
        """Whether the input of an execution can have all files."""
        return len(self._as_json().encode()) <= _MAX_INPUT_BYTES

    def _as_json(self, **number: int) -> str:
        inputs = [] if number else [pinned.model_dump() for pinned in self.inputs]
        document = {"run_id": self.run_id, "dataset": self.dataset, "inputs": inputs, **number}
        return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def files_fit(dataset: str, names: Iterable[str]) -> bool:
    """Whether a run of a dataset with these files can start: whether its input can name a version of each."""
    pinned = tuple(
        PinnedInput(role=role, key=f"{INCOMING}{dataset}/{name}", version_id=_VERSION, size=_SIZE, sha256=_HASH)
        for name in names
        if (role := role_of(name))
    )
    return Arrival(run_id(dataset, []), dataset, pinned).fits


def too_many_files(where: str, files: int) -> str:
    """Why a dataset with `files` files cannot be run, and what to do."""
    return (
        f"{where} has {files:,} files, which are too many for one run: it takes about 1,000, and fewer with long "
        "names. Combine documents into fewer files, or leave some out."
    )


def too_large(where: str, size: int) -> str | None:
    """Why a dataset of this size in bytes is not read, and what to do; None when it is read."""
    if size <= MOST_BYTES:
        return None
    return (
        f"{where} has {size / 2**30:,.1f} GiB, and a dataset may have {MOST_BYTES // 2**30} GiB. Use fewer records: "
        "the models take far fewer than that."
    )


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload to a dataset's folder, as its event describes it. `at` is the time of the event."""

    key: str
    at: dt.datetime


def startable(folder: Folder, dataset: str, upload: Upload | None = None) -> tuple[ListedObject, ...]:
    """The objects of a dataset that a run can start with, sorted by key. Empty while they are not enough for a run.

    Other objects of the folder are ignored. `upload` is what starts the run; None when a person starts it.
    """
    listed = folder.list(dataset)
    found = [entry for entry in listed if role_of(_name(dataset, entry.key))]
    names = {_name(dataset, entry.key): entry for entry in listed}
    marker = names.get(UPLOADING)
    if marker and (upload is None or upload.at - marker.modified > _LONGEST_UPLOAD):
        del names[UPLOADING]
    return tuple(sorted(found, key=lambda entry: entry.key)) if can_start(names) else ()


def followed(listing: tuple[ListedObject, ...], upload: Upload) -> bool:
    """Whether an object was uploaded after `upload`. The event of that object starts the run, and not this one.

    Of objects with one time, the last by name counts as the latest, so that one event of them starts the run. An
    object's time is not always that of its event: that of a multipart upload is its beginning. It is never much later,
    so an object that is later has been uploaded again. Each such event would read the whole dataset for nothing.
    """
    own = [entry.modified for entry in listing if entry.key == upload.key]
    if any(modified > upload.at + _CLOCK_DIFFERENCE for modified in own):
        return True
    last = max([upload.at, *own]), upload.key
    return any((entry.modified, entry.key) > last for entry in listing)


def pin(folder: Folder, dataset: str, listing: tuple[ListedObject, ...], repeat: int = 0) -> Arrival | None:
    """Reads and hashes the listed objects. None when the folder changed in the meantime.

    Problems of the content are left to the run, because a refused run has a report and a notification.
    """
    inputs: list[PinnedInput] = []
    for entry in listing:
        hashed = folder.hash(entry.key)
        if hashed is None:
            return None
        role = cast("Role", role_of(_name(dataset, entry.key)))  # `startable` returns only objects with a role
        inputs.append(
            PinnedInput(role=role, key=entry.key, version_id=hashed.version_id, size=hashed.size, sha256=hashed.sha256)
        )
    # S3 listings are strongly consistent: an unchanged listing proves that the objects read are the objects listed.
    if startable(folder, dataset) != listing:
        return None
    return Arrival(run_id(dataset, _contents(dataset, inputs), repeat), dataset, tuple(inputs))


def pin_now(folder: Folder, dataset: str, repeat: int = 0) -> Arrival:
    """Pins what a dataset's folder has now, when a person asks for its run.

    Raises DatasetError when that is not enough for a run or too large, and RetryableError when the folder changed
    meanwhile.
    """
    listing = startable(folder, dataset)
    if not listing:
        raise DatasetError(not_enough(dataset))
    if reason := too_large(shown_folder(dataset), sum(entry.size for entry in listing)):
        raise DatasetError(reason)
    arrival = pin(folder, dataset, listing, repeat)
    if arrival is None:
        raise RetryableError(changed_meanwhile(dataset))
    return arrival


def changes(earlier: Sequence[PinnedInput], now: Arrival) -> tuple[str, ...]:
    """How the files of a dataset differ from those of an earlier run of it, in a few words each."""
    before, after = dict(_contents(now.dataset, earlier)), dict(_contents(now.dataset, now.inputs))
    found = [
        *(f"{shown_name(name)} changed" for name in before if name in after and before[name] != after[name]),
        *(f"{shown_name(name)} is new" for name in after if name not in before),
        *(f"{shown_name(name)} was deleted" for name in before if name not in after),
    ]
    return tuple(
        found if len(found) <= _SHOWN_FILES else [*found[:_SHOWN_FILES], f"and {len(found) - _SHOWN_FILES:,} more"]
    )


def reads_together(size: int) -> tuple[Read, ...]:
    """What a read of a whole dataset takes of the limit of all large ones."""
    if size <= LARGE_BYTES:
        return ()
    return (Read(ALL_DATASETS, "bytes", size, MOST_BYTES_TOGETHER, TOGETHER),)


def read_too_often(dataset: str, full: Full) -> str:
    """Why a dataset is not read now, and when it is."""
    until = full.until
    if full.read.dataset == ALL_DATASETS:
        return (
            f"The dataset {shown_name(dataset)} is large, and {MOST_BYTES_TOGETHER // 2**30} GiB of large datasets "
            f"were read within ten minutes. Its last upload is looked at again after {iso(until)}."
        )
    return (
        f"The dataset {shown_name(dataset)} was uploaded again and again: {MOST_BYTES_AN_HOUR // 2**30} GiB of it were "
        f"read within an hour. Its last upload is looked at again after {iso(until)}."
    )


def changed_meanwhile(dataset: str) -> str:
    """Why a dataset could not be pinned, and what happens."""
    name = shown_name(dataset)
    return f"The dataset {name} changed while it was read. Finish the upload: the run starts some minutes later."


def refuse_incomplete(folder: Folder, manifest: Manifest) -> None:
    """Raises DatasetError when files were added to the dataset since the run was started, and none was changed.

    Such an upload took longer than the deployment waits. When a pinned file was replaced or deleted as well, somebody
    made another dataset, and wants both runs.
    """
    dataset = manifest.dataset
    listed = {entry.key: entry for entry in folder.list(dataset) if role_of(_name(dataset, entry.key))}
    pinned = {entry.key for entry in manifest.inputs}
    started_at = dt.datetime.fromisoformat(manifest.started_at)
    if not pinned <= listed.keys() or any(listed[key].modified > started_at for key in pinned):
        return
    # The time of an added file says nothing: that of a multipart upload is its beginning.
    names = [_name(dataset, key) for key in sorted(listed.keys() - pinned)]
    if names:
        shown = ", ".join(map(shown_name, names[:_SHOWN_FILES])) + (", ..." if len(names) > _SHOWN_FILES else "")
        raise DatasetError(
            f"The upload of {shown_folder(dataset)} was not complete when this run was started: {shown} came "
            "later. This run ends before it costs anything. The later upload starts a run with all files, which "
            "'tuner runs' lists."
        )


def not_enough(dataset: str) -> str:
    """Why a dataset cannot be run."""
    return (
        f"{shown_folder(dataset)}: there is no training file. Upload {accepted_names('training')}; or documents alone, "
        "below documents/, without data files of other names. Documents do not start a run while 'tuner run' uploads."
    )


def _contents(dataset: str, inputs: Iterable[PinnedInput]) -> list[tuple[str, str]]:
    """What the id of a run depends on: the names of the files, and the hashes of their content."""
    return [(_name(dataset, pinned.key), pinned.sha256) for pinned in inputs]


def _name(dataset: str, key: str) -> str:
    return key.removeprefix(f"{INCOMING}{dataset}/")
