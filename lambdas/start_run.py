"""Starts the run of a dataset that was uploaded, once, however often the event is delivered.

The function does not wait: the arrivals queue delivers the event of an upload after `quiet_seconds`.

The function notifies the data owner in three cases:

- The training file of a folder has another name, so no run starts.
- A file with a wrong name comes after the run began.
- Another execution has already used the run id.

A dataset that is uploaded again and again is read for some minutes of an hour only. Then its message fails, and the
queue delivers it again.

Calls: s3:ListBucket, s3:GetObject, kms:Decrypt, kms:GenerateDataKey, states:StartExecution, dynamodb:GetItem,
dynamodb:PutItem, sns:Publish.
"""

from __future__ import annotations

import datetime as dt
from typing import Self

from pydantic import ConfigDict, Field, Json, model_validator

from lambdas.step import Environment, StepResult, logger, step
from tuner.aws.dynamodb.dataset_reads_table import DatasetReadsTable
from tuner.aws.executions import Executions
from tuner.aws.notifications import notify
from tuner.aws.s3.dataset_bucket import DatasetBucket
from tuner.core.strict_model import FrozenModel
from tuner.intake.arrival import Upload, pin_now
from tuner.intake.start_run import NO_PART, Start, Starter
from tuner.intake.upload_notices import UploadNotice


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


class StartResult(Start, StepResult):
    """The run, and whether it was started now. `reason` says why not."""


@step(StartEvent)
def handler(event: StartEvent, env: Environment) -> StartResult:
    """Starts the run of the dataset, or says why not.

    Raises DatasetError when a person names a dataset that is not enough for a run, and RetryableError when it changed
    while it was read.
    """
    bucket = DatasetBucket(env.data_bucket)

    def publish(notice: UploadNotice) -> None:
        notify(env.topic_arn, notice.subject, notice.text, {"status": "NOT_STARTED"})

    executions, reads = Executions(env.state_machine_arn), DatasetReadsTable(env.state_table)
    starter = Starter(bucket, executions, env.folder, publish, reads)
    found = _start(event, starter, bucket, env).model_dump(exclude_unset=True)
    logger.info("A dataset was uploaded", **found)
    return StartResult(**found)


def _start(event: StartEvent, starter: Starter, bucket: DatasetBucket, env: Environment) -> Start:
    if event.dataset:
        return starter.start(pin_now(bucket, event.dataset, event.repeat))
    uploaded = event.records[0].body
    if uploaded.detail.bucket.name != env.data_bucket:
        return Start(started=False, reason=NO_PART)
    return starter.start_uploaded(Upload(uploaded.detail.object.key, uploaded.time))
