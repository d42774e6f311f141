"""A run is started once for each content, and people are told of an upload that starts none because of a name."""

import datetime as dt
from collections.abc import Sequence

import pytest

from tests.doubles import MemoryFolder
from tests.unit.intake.test_arrival import Bucket, at
from tuner.aws.dynamodb.dataset_reads_table import Full, Read
from tuner.aws.s3.dataset_bucket import HashedObject, ListedObject
from tuner.core.artifact_keys import Keys
from tuner.core.errors import DatasetError, RetryableError
from tuner.intake.arrival import MOST_BYTES, Upload, pin_now
from tuner.intake.start_run import NO_PART, Starter
from tuner.intake.upload_notices import UploadNotice

HOUR = dt.timedelta(hours=1)


class Executions:
    """Executions by name: the second of a name is refused, as Step Functions does."""

    def __init__(self) -> None:
        self.inputs: dict[str, str] = {}

    def arn(self, name: str) -> str:
        return f"arn:execution:{name}"

    def start(self, name: str, document: str) -> bool:
        return self.inputs.setdefault(name, document) is document


class Folder(MemoryFolder):
    """A run's folder whose manifest was written at noon."""

    def last_modified(self, under: str = "") -> dict[str, dt.datetime]:
        return {name: dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC) for name in self.list(under)}


class Reads:
    """What was read, in periods that begin with a read."""

    def __init__(self) -> None:
        self.used: dict[tuple[str, str], tuple[dt.datetime, int]] = {}

    def reserve(self, reads: Sequence[Read], at: dt.datetime) -> Full | None:
        changed: dict[tuple[str, str], tuple[dt.datetime, int]] = {}
        for read in reads:
            since, used = self.used.get((read.dataset, read.purpose), (at, 0))
            if at >= since + read.period:
                since, used = at, 0
            if used + read.amount > read.most:
                return Full(read, since + read.period)
            changed[read.dataset, read.purpose] = since, used + read.amount
        self.used |= changed
        return None


class World:
    """A data bucket, the state machine, the folders of runs, the notices, and what was read."""

    def __init__(self, **files: bytes) -> None:
        self.bucket, self.executions = Bucket(**files), Executions()
        self.folders: dict[str, Folder] = {}
        self.notices: list[UploadNotice] = []
        self.starter = Starter(
            self.bucket, self.executions, self.folder_of, self.notices.append, Reads(), lambda: at(self.bucket.clock)
        )

    def folder_of(self, run_id: str) -> Folder:
        return self.folders.setdefault(run_id, Folder(run_id))

    def upload(self, name: str, data: bytes = b"{}") -> Upload:
        self.bucket.clock += 60
        return self.bucket.put(name, data)


def test_the_last_upload_starts_the_run_once() -> None:
    world = World()
    first, last = world.upload("training.jsonl"), world.upload("validation.jsonl")
    assert world.starter.start_uploaded(first).reason == "A later upload to the folder starts the run."
    started = world.starter.start_uploaded(last)
    assert (started.started, list(world.executions.inputs)) == (True, [started.run_id])
    assert started.execution_arn == f"arn:execution:{started.run_id}"


def test_a_file_that_is_uploaded_again_and_again_is_read_for_the_last_uploads_only() -> None:
    """S3 has one event for each upload. A small file would have a large dataset read a thousand times."""
    world = World()
    world.bucket.put("training.jsonl", b"{}")
    uploads = []
    for number in range(1000):
        world.bucket.clock += 0.6
        uploads.append(world.bucket.put("run.yaml", f"seed: {number}".encode()))
    for upload in uploads:
        started = world.starter.start_uploaded(upload)
    assert world.executions.inputs.keys() == {started.run_id}
    assert world.bucket.reads <= 2 * 10, "two files, for the uploads of the last five seconds"


def test_a_dataset_that_is_too_large_is_not_read_and_gives_one_notice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of these functions run at the same time: a few datasets of any size would keep all others waiting."""
    monkeypatch.setattr("tuner.intake.arrival.MOST_BYTES", 3)
    world = World()
    uploads = [world.upload(name) for name in ("training.jsonl", "validation.jsonl", "validation.josnl")]
    reasons = [world.starter.start_uploaded(upload).reason for upload in uploads]
    assert reasons[0] == "A later upload to the folder starts the run."
    assert "a dataset may have" in reasons[1]
    assert reasons[2] == NO_PART
    assert [notice.subject for notice in world.notices] == ["Fine-tuning not started: the dataset is too large"]
    assert world.executions.inputs == {}
    with pytest.raises(DatasetError, match="Use fewer records"):
        pin_now(world.bucket, "faq")
    assert world.bucket.reads == 0


def test_a_folder_with_too_many_files_starts_no_run_and_gives_a_few_notices(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    upload = world.upload("training.jsonl")

    def refuse(dataset: str) -> tuple[ListedObject, ...]:
        raise DatasetError("incoming/faq/ has more than 5,000 objects.")

    monkeypatch.setattr(world.bucket, "list", refuse)
    assert not any(world.starter.start_uploaded(upload).started for _ in range(50))
    assert [notice.text for notice in world.notices] == ["incoming/faq/ has more than 5,000 objects.\n"] * 4
    assert {notice.subject for notice in world.notices} == {"Fine-tuning not started: the dataset cannot be read"}
    assert world.executions.inputs == {}


def test_content_that_was_run_is_not_run_again_even_if_step_functions_has_forgotten_it() -> None:
    world = World()
    upload = world.upload("training.jsonl")
    run = str(world.starter.start_uploaded(upload).run_id)
    world.folder_of(run).write(Keys.MANIFEST, b"{}")
    world.executions.inputs.clear()
    again = world.starter.start_uploaded(upload)
    assert (again.started, again.run_id, world.notices) == (False, run, [])
    assert again.reason.startswith("This content was run before.")


def test_a_run_id_that_another_execution_used_gives_a_notice() -> None:
    world = World()
    upload = world.upload("training.jsonl")
    run = world.starter.start_uploaded(upload).run_id
    world.executions.inputs = {str(run): "of somebody else"}
    again = world.starter.start_uploaded(upload)
    assert [notice.subject for notice in world.notices] == ["Fine-tuning not started: the run id is taken"]
    assert (again.started, again.reason) == (False, world.notices[0].reason)


def test_a_wrong_name_gives_one_notice_for_the_whole_upload() -> None:
    world = World()
    uploads = [world.upload("train.jsonl"), world.upload("README.md")]
    assert not any(world.starter.start_uploaded(upload).started for upload in uploads)
    assert [notice.subject for notice in world.notices] == ["Fine-tuning not started: a file has the wrong name"]


def test_files_that_came_after_the_run_began_give_a_notice() -> None:
    world = World(training__jsonl=b"{}")
    arrival = pin_now(world.bucket, "faq")
    world.folder_of(arrival.run_id).write(Keys.MANIFEST, b"{}")
    late = world.upload("test.csv")
    result = world.starter.start_uploaded(late)
    assert (result.started, result.run_id) == (False, arrival.run_id)
    assert [notice.subject for notice in world.notices] == ["Fine-tuning: a file that was uploaded later is not used"]


def test_files_with_names_that_are_almost_right_have_the_dataset_read_four_times_an_hour() -> None:
    """Each comes after the last look, so that no later upload follows it. A right name is still read for."""
    world = World(training__jsonl=b"{}")
    arrival = pin_now(world.bucket, "faq")
    world.folder_of(arrival.run_id).write(Keys.MANIFEST, b"{}")
    before = world.bucket.reads
    for number in range(59):
        world.starter.start_uploaded(world.upload(f"traning-{number}.jsonl"))
    assert (world.bucket.reads - before, len(world.notices)) == (4, 4)
    assert world.starter.start_uploaded(world.upload("training.jsonl", b"[]")).started
    for number in range(2):
        world.starter.start_uploaded(world.upload(f"test-{number}.csv"))
    assert world.bucket.reads - before == 4 + 1 + 2, "an hour later"


def test_a_large_dataset_that_changes_all_the_time_is_read_four_times_an_hour_and_then_runs() -> None:
    world = World()
    world.starter.bucket.hash = lambda key: HashedObject("v", MOST_BYTES, key)  # type: ignore[method-assign]
    postponed = 0
    for _ in range(59):
        upload = world.upload("training.jsonl")
        world.bucket.size_of[upload.key] = MOST_BYTES
        try:
            world.starter.start_uploaded(upload)
        except RetryableError as error:
            assert "32 GiB of it were read within an hour" in str(error)
            postponed += 1
    assert postponed == 59 - 4
    world.bucket.clock += 1800
    assert world.starter.start_uploaded(upload).run_id


@pytest.mark.parametrize("name", ["README.md", "photo.png"])
def test_other_objects_start_nothing(name: str) -> None:
    world = World(training__jsonl=b"{}")
    assert world.starter.start_uploaded(world.upload(name)).reason == NO_PART
    assert (world.notices, world.executions.inputs) == ([], {})


def test_a_folder_that_always_changes_is_tried_again_later() -> None:
    world = World()
    upload = world.upload("training.jsonl")
    world.bucket.before_read = {read: ("training.jsonl", b"%d" % read) for read in range(1, 9)}
    with pytest.raises(RetryableError, match="changed while it was read"):
        world.starter.start_uploaded(upload)
