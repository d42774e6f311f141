"""A dataset is pinned when its folder no longer changes."""

import datetime as dt
import hashlib
import json
from random import Random

import pytest

from tests.doubles import manifest
from tuner.artifacts.manifest import Manifest
from tuner.aws.s3.dataset_bucket import HashedObject, ListedObject
from tuner.core.errors import DatasetError
from tuner.core.times import iso
from tuner.intake.arrival import Arrival, Upload, followed, pin, refuse_incomplete, startable

NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)


class Bucket:
    """A data bucket. `before_read` are uploads that happen just before the n-th read."""

    def __init__(self, **files: bytes) -> None:
        self.clock = 0.0
        self.versions = 0
        self.objects: dict[str, tuple[bytes, str, float]] = {}
        self.before_read: dict[int, tuple[str, bytes]] = {}
        self.reads = 0
        self.size_of: dict[str, int] = {}
        for name, data in files.items():
            self.put(name.replace("__", "."), data)

    def put(self, name: str, data: bytes, began: float | None = None) -> Upload:
        """Uploads an object; a multipart upload `began` earlier, and S3 lists it with that time."""
        self.versions += 1
        key = f"incoming/faq/{name}"
        self.objects[key] = (data, f"v{self.versions}", self.clock if began is None else began)
        return Upload(key, at(self.clock))

    def list(self, dataset: str) -> tuple[ListedObject, ...]:
        return tuple(
            ListedObject(key, version, self.size_of.get(key, len(data)), at(began))
            for key, (data, version, began) in self.objects.items()
            if key.startswith(f"incoming/{dataset}/")
        )

    def hash(self, key: str) -> HashedObject | None:
        self.reads += 1
        if self.reads in self.before_read:
            self.put(*self.before_read[self.reads])
        if key not in self.objects:
            return None
        data, version, _ = self.objects[key]
        return HashedObject(version, len(data), hashlib.sha256(data).hexdigest())


def at(seconds: float) -> dt.datetime:
    """S3 has whole seconds."""
    return NOON + dt.timedelta(seconds=int(seconds))


def arrives(bucket: Bucket, repeat: int = 0) -> Arrival:
    found = pin(bucket, "faq", startable(bucket, "faq"), repeat)
    assert found
    return found


@pytest.mark.parametrize("seed", range(200))
def test_one_upload_is_the_last_in_whatever_order_the_messages_arrive(seed: int) -> None:
    """Uploads within one second and overwritten objects included. After a multipart upload it may be two."""
    random = Random(seed)
    bucket, uploads = Bucket(), {}
    for _ in range(random.randint(1, 8)):
        name = random.choice(["training.jsonl", "validation.jsonl", "run.yaml", "documents/a.md", "documents/b.md"])
        uploads[name] = bucket.put(name, b"{}")
        bucket.clock += random.choice([0, 0.2, 5])
    began = random.choice([None, 0.0])
    uploads["training.jsonl"] = bucket.put("training.jsonl", b"{}", began)
    listing = startable(bucket, "faq")
    last = [upload.at for upload in uploads.values() if not followed(listing, upload)]
    assert len(last) == 1 or began is not None
    assert max(last) == max(upload.at for upload in uploads.values()), "its message comes when all objects are there"


def test_the_end_of_a_multipart_upload_counts_and_not_its_beginning() -> None:
    bucket = Bucket()
    bucket.clock = 10
    validation = bucket.put("validation.jsonl", b"{}")
    assert startable(bucket, "faq") == (), "the message of the validation data starts nothing"
    bucket.clock = 60
    training = bucket.put("training.jsonl", b"{}", began=0)
    listing = startable(bucket, "faq")
    assert not followed(listing, training)
    assert followed(listing, validation) is False, "delivered late, it may start the same run too"


def test_the_message_of_a_deleted_upload_starts_the_run() -> None:
    """The messages before it saw that upload, and left the run to it."""
    bucket = Bucket(training__jsonl=b"{}")
    bucket.clock = 20
    extra = bucket.put("validation.jsonl", b"{}")
    del bucket.objects[extra.key]
    assert not followed(startable(bucket, "faq"), extra)


@pytest.mark.parametrize("read", [1, 2], ids=["what is read now", "what was read before"])
def test_a_change_while_it_is_read_pins_nothing(read: int) -> None:
    bucket = Bucket(training__jsonl=b"old", validation__jsonl=b"{}")
    bucket.clock = 1000
    bucket.before_read[read] = ("training.jsonl", b"new")
    assert pin(bucket, "faq", startable(bucket, "faq")) is None
    pinned = {entry.role: entry for entry in arrives(bucket).inputs}
    assert pinned["training"].sha256 == hashlib.sha256(b"new").hexdigest()
    assert pinned["training"].version_id == "v3"


def test_an_object_that_appears_while_others_are_read_pins_nothing() -> None:
    bucket = Bucket(training__jsonl=b"{}")
    bucket.before_read[1] = ("evaluation.json", b"[]")
    assert pin(bucket, "faq", startable(bucket, "faq")) is None


def test_an_object_that_disappears_while_others_are_read_pins_nothing() -> None:
    bucket = Bucket(training__jsonl=b"{}")
    listing = startable(bucket, "faq")
    bucket.objects.clear()
    assert pin(bucket, "faq", listing) is None


def test_a_folder_without_training_file_is_not_startable() -> None:
    assert startable(Bucket(validation__jsonl=b"{}"), "faq") == ()


def test_the_same_content_uploaded_again_is_the_same_run_and_other_content_another() -> None:
    first = arrives(Bucket(training__jsonl=b"{}"))
    again = Bucket(training__jsonl=b"{}")
    again.put("training.jsonl", b"{}")
    second = arrives(again)
    assert second.run_id == first.run_id
    assert second.inputs[0].version_id != first.inputs[0].version_id
    assert arrives(Bucket(training__jsonl=b"[]")).run_id != first.run_id
    assert arrives(Bucket(training__jsonl=b"{}"), repeat=2).run_id == first.run_id + "-r2"


def test_files_that_are_not_part_of_a_dataset_are_ignored() -> None:
    plain = Bucket(training__jsonl=b"{}")
    noted = Bucket(training__jsonl=b"{}", README__md=b"hello")
    assert arrives(noted).execution_input() == arrives(plain).execution_input()


def test_the_first_step_can_read_the_input_of_the_execution() -> None:
    arrived = arrives(Bucket(training__jsonl="ä".encode()))
    document = json.loads(arrived.execution_input())
    assert document["run_id"] == arrived.run_id
    assert document["inputs"][0]["key"] == "incoming/faq/training.jsonl"


def test_of_too_many_files_the_run_gets_the_number_which_it_refuses() -> None:
    few = arrives(Bucket(training__jsonl=b"{}", **{f"documents/{n:05d}": b"" for n in range(1000)}))
    assert few.fits
    assert len(json.loads(few.execution_input())["inputs"]) == 1001
    many = arrives(Bucket(training__jsonl=b"{}", **{f"documents/{n:05d}": b"" for n in range(2000)}))
    assert not many.fits
    assert json.loads(many.execution_input()) == {
        "run_id": many.run_id,
        "dataset": "faq",
        "inputs": [],
        "files": 2001,
    }


def _started(bucket: Bucket, seconds: float) -> Manifest:
    """The manifest of a run of what is in the bucket now."""
    return manifest().model_copy(
        update={"dataset": "faq", "inputs": arrives(bucket).inputs, "started_at": iso(at(seconds))}
    )


@pytest.mark.parametrize("began", [100.0, 5.0])
def test_a_run_ends_unpaid_when_more_files_of_its_upload_come(began: float) -> None:
    bucket = Bucket(training__jsonl=b"{}")
    run = _started(bucket, 30)
    refuse_incomplete(bucket, run)
    bucket.put("README.md", b"")
    refuse_incomplete(bucket, run)
    bucket.put("evaluation.csv", b"more", began=began)
    with pytest.raises(DatasetError, match=r"not complete when this run was started: evaluation\.csv came later"):
        refuse_incomplete(bucket, run)


@pytest.mark.parametrize("change", ["replaced", "deleted"])
def test_a_run_goes_on_when_its_own_files_were_changed(change: str) -> None:
    """Somebody made another dataset of this name: its run is one more, and this one is wanted too."""
    bucket = Bucket(training__jsonl=b"{}", run__yaml=b"serving: none")
    run = _started(bucket, 30)
    bucket.clock = 60
    bucket.put("evaluation.csv", b"more")
    if change == "replaced":
        bucket.put("run.yaml", b"serving: auto")
    else:
        del bucket.objects["incoming/faq/run.yaml"]
    refuse_incomplete(bucket, run)
