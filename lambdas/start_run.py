"""Starts the run of a dataset that was uploaded, once, however often the event is delivered.

The function does not wait: the arrivals queue delivers the event of an upload after `quiet_seconds`.

The function notifies the data owner in three cases: the training file of a folder has another name, so no run starts; a
file with a wrong name comes after the run began; another execution has already used the run id.

Calls: s3:ListBucket, s3:GetObject, kms:Decrypt, kms:GenerateDataKey, states:StartExecution, sns:Publish.
"""

from __future__ import annotations

import datetime as dt
from typing import Self

from pydantic import ConfigDict, Field, Json, model_validator

from lambdas.step import Environment, StepResult, logger, step
from tuner.aws.executions import Executions
from tuner.aws.notifications import notify
from tuner.aws.s3.dataset_bucket import DatasetBucket, ListedObject
from tuner.core.artifact_keys import Keys
from tuner.core.errors import RetryableError
from tuner.core.run import INCOMING, again_command, dataset_file, dataset_of
from tuner.core.strict_model import FrozenModel
from tuner.intake.arrival import Arrival, Upload, changed_meanwhile, followed, not_enough, pin, pin_now, startable
from tuner.intake.unused_files import renaming, unused_files
from tuner.intake.upload_notices import UploadNotice, late_files, run_id_taken, wrong_name

_NO_PART = "This object is not part of a dataset."
_LATER = "A later upload to the folder starts the run."
# A folder that changes while it is read is read again: the next look shows whether a later upload starts the run.
_ATTEMPTS = 3


class _Object(FrozenModel):
    key: str


class _Bucket(FrozenModel):
    name: str


class _Detail(FrozenModel):
    """EventBridge delivers the plain key. S3's own notifications would URL-encode it."""

    bucket: _Bucket
    object: _Object


class _Uploaded(FrozenModel):
    """S3's "Object Created" event from EventBridge."""

    time: dt.datetime
    detail: _Detail


class _Message(FrozenModel):
    body: Json[_Uploaded]


class StartEvent(FrozenModel):
    """One message of the arrivals queue, or the name of a dataset from a person."""

    model_config = ConfigDict(populate_by_name=True)

    records: tuple[_Message, ...] = Field((), alias="Records", max_length=1)
    dataset: str | None = Field(None, min_length=1, pattern=r"^[^/]+$")
    repeat: int = Field(0, ge=0, le=999)

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if bool(self.records) == (self.dataset is not None):
            raise ValueError('give {"dataset": ...}, or one message of the arrivals queue')
        return self


class StartResult(StepResult):
    """The run, and whether it was started now. `reason` says why not."""

    started: bool
    run_id: str | None = None
    execution_arn: str | None = None
    reason: str = ""


@step(StartEvent)
def handler(event: StartEvent, env: Environment) -> StartResult:
    """Starts the run of the dataset, or says why not.

    Raises DatasetError when a person names a dataset that is not enough for a run, and RetryableError when it changed
    while it was read.
    """
    if event.dataset:
        return _start(pin_now(DatasetBucket(env.data_bucket), event.dataset, event.repeat), env)
    return _start_uploaded(event.records[0].body, env)


def _start_uploaded(uploaded: _Uploaded, env: Environment) -> StartResult:
    upload = Upload(uploaded.detail.object.key, uploaded.time)
    dataset = dataset_of(upload.key) if uploaded.detail.bucket.name == env.data_bucket else None
    if dataset is None:
        # The rule matches everything below incoming/ (stacks/trigger.py).
        return StartResult(started=False, reason=_NO_PART)
    folder = DatasetBucket(env.data_bucket)
    for _ in range(_ATTEMPTS):
        listing = startable(folder, dataset, upload)
        if not listing:
            return _not_started(folder, dataset, upload, env)
        if dataset_file(upload.key) is None:
            return _not_used(folder, dataset, upload, listing, env)
        if followed(listing, upload):
            return StartResult(started=False, reason=_LATER)
        arrival = pin(folder, dataset, listing)
        if arrival:
            return _start_once(arrival, env)
    # A deletion has no event, so the queue has to deliver this one again.
    raise RetryableError(changed_meanwhile(dataset))


def _not_started(folder: DatasetBucket, dataset: str, upload: Upload, env: Environment) -> StartResult:
    """Notifies when the names of files are why there is no training file: no run will report it."""
    objects = folder.list(dataset)
    renamed = renaming([entry.key.removeprefix(f"{INCOMING}{dataset}/") for entry in objects])
    if renamed is None:
        return StartResult(started=False, reason=not_enough(dataset))
    # One notification for the upload of a folder: by the event of its last file, whatever its name.
    if followed(objects, upload):
        return StartResult(started=False, reason=_LATER)
    return StartResult(started=False, reason=_notified(wrong_name(dataset, renamed), env))


def _not_used(
    folder: DatasetBucket, dataset: str, upload: Upload, listing: tuple[ListedObject, ...], env: Environment
) -> StartResult:
    """Notifies when the run of the folder is started, and files that look like a part of the dataset came later.

    A run names those that were there when it began (`run.json`). Nothing else reports the later ones.
    """
    nothing = StartResult(started=False, reason=_NO_PART)
    objects = {entry.key.removeprefix(f"{INCOMING}{dataset}/"): entry for entry in folder.list(dataset)}
    unused = list(unused_files(objects))
    if not unused:
        return nothing
    # One notification for the upload of several files: by the event of the last of them.
    if followed(tuple(objects.values()), upload):
        return StartResult(started=False, reason=_LATER)
    arrival = pin(folder, dataset, listing)
    written = env.folder(arrival.run_id).last_modified(Keys.MANIFEST) if arrival else {}
    late = [file for file in unused if any(objects[file.name].modified > began for began in written.values())]
    if arrival is None or not late:
        return nothing
    reason = _notified(late_files(dataset, arrival.run_id, late), env)
    return StartResult(started=False, run_id=arrival.run_id, reason=reason)


def _notified(notice: UploadNotice, env: Environment) -> str:
    """Publishes the notice, and returns its reason."""
    notify(env.topic_arn, notice.subject, notice.text, {"status": "NOT_STARTED"})
    return notice.reason


def _start_once(arrival: Arrival, env: Environment) -> StartResult:
    """Notifies when the id of the run is used up, although no run has worked on this content."""
    result = _start(arrival, env)
    if result.started or env.folder(arrival.run_id).list(Keys.MANIFEST):
        return result
    return result.model_copy(update={"reason": _notified(run_id_taken(arrival.dataset, arrival.run_id), env)})


def _start(arrival: Arrival, env: Environment) -> StartResult:
    executions = Executions(env.state_machine_arn)
    # Step Functions forgets an execution's name after 90 days, but the run's folder stays.
    ran_before = bool(env.folder(arrival.run_id).list(""))
    started = not ran_before and executions.start(arrival.run_id, arrival.execution_input())
    logger.info("A dataset was uploaded", dataset=arrival.dataset, run_id=arrival.run_id, started=started)
    result = StartResult(run_id=arrival.run_id, execution_arn=executions.arn(arrival.run_id), started=started)
    if started:
        return result
    reason = f"This content was run before. To repeat it: {again_command(arrival.run_id)}"
    return result.model_copy(update={"reason": reason})
