"""A dataset is pinned when its folder no longer changes."""

import datetime as dt
import hashlib
import json
from collections.abc import Callable

import pytest

from tuner.aws.s3.dataset_bucket import HashedObject, ListedObject
from tuner.core.errors import DatasetError
from tuner.intake import arrival
from tuner.intake.arrival import arrive

NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)


class Bucket:
    """A data bucket with a clock: `events` are uploads that happen at a second, or just before the n-th read."""

    def __init__(self, **files: bytes) -> None:
        self.clock = 0.0
        self.versions = 0
        self.objects: dict[str, tuple[bytes, str, float]] = {}
        self.at: list[tuple[float, str, bytes]] = []
        self.before_read: dict[int, tuple[str, bytes]] = {}
        self.reads = 0
        for name, data in files.items():
            self.put(name.replace("__", "."), data)

    def put(self, name: str, data: bytes) -> None:
        self.versions += 1
        self.objects[f"incoming/faq/{name}"] = (data, f"v{self.versions}", self.clock)

    def sleep(self, seconds: float) -> None:
        self.clock += seconds
        for upload in [entry for entry in self.at if entry[0] <= self.clock]:
            self.at.remove(upload)
            self.put(*upload[1:])

    def list(self, dataset: str) -> tuple[ListedObject, ...]:
        return tuple(
            ListedObject(key, version, len(data), NOON + dt.timedelta(seconds=at))
            for key, (data, version, at) in self.objects.items()
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


Arrive = Callable[..., arrival.Arrival]


@pytest.fixture
def arrives(monkeypatch: pytest.MonkeyPatch) -> Arrive:
    def run(bucket: Bucket, quiet: float = 30, repeat: int = 0) -> arrival.Arrival:
        monkeypatch.setattr(arrival, "seconds_since", lambda at: bucket.clock - (at - NOON).total_seconds())
        return arrive(bucket, "faq", quiet, repeat, sleep=bucket.sleep)

    return run


def test_it_waits_until_the_newest_object_is_old_enough(arrives: Arrive) -> None:
    bucket = Bucket(training__jsonl=b"{}")
    bucket.at = [(20.0, "validation.csv", b"q,a")]
    pinned = arrives(bucket).inputs
    assert {entry.role for entry in pinned} == {"training", "validation"}
    assert bucket.clock == pytest.approx(60)


def test_an_unchanged_folder_is_pinned_at_once(arrives: Arrive) -> None:
    bucket = Bucket(training__jsonl=b"{}")
    bucket.clock = 1000
    arrives(bucket)
    assert bucket.clock == 1000


def test_a_folder_that_keeps_changing_is_an_error(arrives: Arrive) -> None:
    bucket = Bucket(training__jsonl=b"{}")
    bucket.at = [(float(second), "training.jsonl", b"{}") for second in range(1, 2000, 10)]
    with pytest.raises(DatasetError, match="incoming/faq/ still changes after 10 minutes"):
        arrives(bucket)
    assert bucket.clock <= 600


@pytest.mark.parametrize("read", [1, 2], ids=["what is read now", "what was read before"])
def test_a_change_while_it_is_read_starts_over(arrives: Arrive, read: int) -> None:
    bucket = Bucket(training__jsonl=b"old", validation__jsonl=b"{}")
    bucket.clock = 1000
    bucket.before_read[read] = ("training.jsonl", b"new")
    pinned = {entry.role: entry for entry in arrives(bucket).inputs}
    assert pinned["training"].sha256 == hashlib.sha256(b"new").hexdigest()
    assert pinned["training"].version_id == "v3"


def test_an_object_that_appears_while_others_are_read_is_included(arrives: Arrive) -> None:
    bucket = Bucket(training__jsonl=b"{}")
    bucket.clock = 1000
    bucket.before_read[1] = ("evaluation.json", b"[]")
    assert {entry.role for entry in arrives(bucket).inputs} == {"training", "evaluation"}


def test_no_training_file_is_an_error(arrives: Arrive) -> None:
    with pytest.raises(DatasetError, match=r"there is no training file"):
        arrives(Bucket(validation__jsonl=b"{}"))


def test_the_same_content_uploaded_again_is_the_same_run_and_other_content_another(arrives: Arrive) -> None:
    first = arrives(Bucket(training__jsonl=b"{}"))
    again = Bucket(training__jsonl=b"{}")
    again.put("training.jsonl", b"{}")
    second = arrives(again)
    assert second.run_id == first.run_id
    assert second.inputs[0].version_id != first.inputs[0].version_id
    assert arrives(Bucket(training__jsonl=b"[]")).run_id != first.run_id
    assert arrives(Bucket(training__jsonl=b"{}"), repeat=2).run_id == first.run_id + "-r2"


def test_files_that_are_not_part_of_a_dataset_are_ignored(arrives: Arrive) -> None:
    plain = Bucket(training__jsonl=b"{}")
    noted = Bucket(training__jsonl=b"{}", README__md=b"hello")
    assert arrives(noted).execution_input() == arrives(plain).execution_input()


def test_the_first_step_can_read_the_input_of_the_execution(arrives: Arrive) -> None:
    arrived = arrives(Bucket(training__jsonl="ä".encode()))
    document = json.loads(arrived.execution_input())
    assert document["run_id"] == arrived.run_id
    assert document["inputs"][0]["key"] == "incoming/faq/training.jsonl"


def test_too_many_files_for_the_input_of_an_execution_are_an_error(arrives: Arrive) -> None:
    bucket = Bucket(training__jsonl=b"{}", **{f"documents/{n:05d}": b"" for n in range(2000)})
    with pytest.raises(DatasetError, match="too many"):
        arrives(bucket).execution_input()
