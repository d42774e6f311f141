"""Starts the run of a dataset once, however often the event of its upload is delivered, or says why not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from tuner.aws.dynamodb.dataset_reads_table import Full, Read
from tuner.aws.s3.dataset_bucket import ListedObject
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.errors import DatasetError, RetryableError
from tuner.core.run import INCOMING, again_command, dataset_file, dataset_of, shown_folder
from tuner.core.strict_model import FrozenModel
from tuner.core.times import now
from tuner.intake.arrival import (
    MOST_BYTES_AN_HOUR,
    Arrival,
    Folder,
    Upload,
    changed_meanwhile,
    followed,
    not_enough,
    pin,
    read_too_often,
    reads_together,
    startable,
    too_large,
)
from tuner.intake.unused_files import renaming, unused_files
from tuner.intake.upload_notices import (
    UploadNotice,
    late_files,
    run_id_taken,
    too_large_to_start,
    unreadable,
    wrong_name,
)

NO_PART = "This object is not part of a dataset."
_LATER = "A later upload to the folder starts the run."
# A folder that changes while it is read is read again: the next look shows whether a later upload starts the run.
_ATTEMPTS = 3
# How often a dataset is read within an hour to tell its owner of files that its run does not use.
_LATE_FILES_AN_HOUR = 4
_ENOUGH_NOTICES = "The notifications of the last hour say what is wrong with files of the folder."


class Executions(Protocol):
    """The executions of the state machine."""

    def arn(self, name: str) -> str:
        """The ARN of the execution of this name."""
        ...

    def start(self, name: str, document: str) -> bool:
        """Starts an execution. False when one of this name was started before."""
        ...


class ReadLimit(Protocol):
    """What was read of each dataset in the last hour, and of all of them in the last minutes."""

    def reserve(self, reads: Sequence[Read], at: dt.datetime) -> Full | None:
        """Counts all reads, and returns None. If one would pass its limit, counts nothing and returns that one."""
        ...


class Start(FrozenModel):
    """The run, and whether it was started now. `reason` says why not."""

    started: bool
    run_id: str | None = None
    execution_arn: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Starter:
    """`bucket` has the datasets, `folder_of` returns a run's folder, and `notify` publishes a notice."""

    bucket: Folder
    executions: Executions
    folder_of: Callable[[str], RunFolder]
    notify: Callable[[UploadNotice], None]
    reads: ReadLimit
    clock: Callable[[], dt.datetime] = now

    def start(self, arrival: Arrival) -> Start:
        """Starts the run of a pinned dataset."""
        # Step Functions forgets an execution's name after 90 days, but the run's folder stays.
        ran_before = bool(self.folder_of(arrival.run_id).list(""))
        started = not ran_before and self.executions.start(arrival.run_id, arrival.execution_input())
        result = Start(run_id=arrival.run_id, execution_arn=self.executions.arn(arrival.run_id), started=started)
        if started:
            return result
        reason = f"This content was run before. To repeat it: {again_command(arrival.run_id)}"
        return result.model_copy(update={"reason": reason})

    def start_uploaded(self, upload: Upload) -> Start:
        """Starts the run of the folder that an object was uploaded to.

        Raises RetryableError when the folder keeps changing while it is read, and when it, or all large ones together,
        were read too much. The arrivals queue then delivers the message again after half an hour. By then, a later
        upload may start the run.
        """
        dataset = dataset_of(upload.key)
        if dataset is None:
            # The rule matches everything below incoming/ (stacks/trigger.py).
            return Start(started=False, reason=NO_PART)
        try:
            return self._start_dataset(dataset, upload)
        except DatasetError as error:
            return self._unreadable(dataset, str(error))

    def _start_dataset(self, dataset: str, upload: Upload) -> Start:
        """Starts the run of the dataset. Raises DatasetError when its folder cannot be listed or read."""
        for _ in range(_ATTEMPTS):
            listing = startable(self.bucket, dataset, upload)
            if not listing:
                return self._not_started(dataset, upload)
            if dataset_file(upload.key) is None:
                return self._not_used(dataset, upload, listing)
            if followed(listing, upload):
                return Start(started=False, reason=_LATER)
            size = sum(entry.size for entry in listing)
            if reason := too_large(shown_folder(dataset), size):
                return Start(started=False, reason=self._notified(too_large_to_start(reason)))
            own = Read(dataset, "bytes", size, MOST_BYTES_AN_HOUR)
            if full := self.reads.reserve((own, *reads_together(size)), self.clock()):
                raise RetryableError(read_too_often(dataset, full))
            arrival = pin(self.bucket, dataset, listing)
            if arrival:
                return self._start_once(arrival)
        # A deletion has no event, so the queue has to deliver this one again.
        raise RetryableError(changed_meanwhile(dataset))

    def _unreadable(self, dataset: str, reason: str) -> Start:
        """Notifies a few times an hour: each of the uploads to such a folder comes here."""
        look = Read(dataset, "late files", 1, _LATE_FILES_AN_HOUR)
        if self.reads.reserve((look,), self.clock()):
            return Start(started=False, reason=_ENOUGH_NOTICES)
        return Start(started=False, reason=self._notified(unreadable(reason)))

    def _not_started(self, dataset: str, upload: Upload) -> Start:
        """Notifies when the names of files are why there is no training file: no run will report it."""
        objects = self.bucket.list(dataset)
        renamed = renaming([entry.key.removeprefix(f"{INCOMING}{dataset}/") for entry in objects])
        if renamed is None:
            return Start(started=False, reason=not_enough(dataset))
        # One notification for the upload of a folder: by the event of its last file, whatever its name.
        if followed(objects, upload):
            return Start(started=False, reason=_LATER)
        return Start(started=False, reason=self._notified(wrong_name(dataset, renamed)))

    def _not_used(self, dataset: str, upload: Upload, listing: tuple[ListedObject, ...]) -> Start:
        """Notifies when the run of the folder is started, and files that look like a part of the dataset came later.

        A run names those that were there when it began (`run.json`). Nothing else reports the later ones.
        """
        nothing = Start(started=False, reason=NO_PART)
        size = sum(entry.size for entry in listing)
        if too_large(dataset, size):
            return nothing  # such a folder has no run
        objects = {entry.key.removeprefix(f"{INCOMING}{dataset}/"): entry for entry in self.bucket.list(dataset)}
        unused = list(unused_files(objects))
        if not unused:
            return nothing
        # One notification for the upload of several files: by the event of the last of them.
        if followed(tuple(objects.values()), upload):
            return Start(started=False, reason=_LATER)
        # The dataset is read for the id of its run. Counted apart, so that such files delay no run.
        look = Read(dataset, "late files", 1, _LATE_FILES_AN_HOUR)
        if self.reads.reserve((look, *reads_together(size)), self.clock()):
            return Start(started=False, reason=_ENOUGH_NOTICES)
        arrival = pin(self.bucket, dataset, listing)
        written = self.folder_of(arrival.run_id).last_modified(Keys.MANIFEST) if arrival else {}
        late = [file for file in unused if any(objects[file.name].modified > began for began in written.values())]
        if arrival is None or not late:
            return nothing
        reason = self._notified(late_files(dataset, arrival.run_id, late))
        return Start(started=False, run_id=arrival.run_id, reason=reason)

    def _start_once(self, arrival: Arrival) -> Start:
        """Notifies when the id of the run is used up, although no run has worked on this content."""
        result = self.start(arrival)
        if result.started or self.folder_of(arrival.run_id).list(Keys.MANIFEST):
            return result
        return result.model_copy(update={"reason": self._notified(run_id_taken(arrival.dataset, arrival.run_id))})

    def _notified(self, notice: UploadNotice) -> str:
        """Publishes the notice, and returns its reason."""
        self.notify(notice)
        return notice.reason
