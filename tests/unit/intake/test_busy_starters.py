"""Large datasets that change all the time do not keep the functions that start runs from the other datasets."""

from __future__ import annotations

import datetime as dt
import heapq
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import pytest

from tests.unit.intake.test_start_run import Reads, World
from tuner.aws.dynamodb.dataset_reads_table import Full, Read
from tuner.core.errors import RetryableError
from tuner.intake.arrival import LARGE_BYTES, MOST_BYTES, Upload
from tuner.settings import DeploymentSettings
from tuner.settings.deployment.settings import STARTERS

# S3 gives about 85 MB/s to a function.
READ_SECONDS = MOST_BYTES / 85e6
LOOK_SECONDS = 1.0
# After an error, SQS delivers a message again after its visibility timeout.
POSTPONED_SECONDS = 1800.0
QUIET_SECONDS = DeploymentSettings().quiet_seconds
HOURS = 3


class NoLimit:
    """Every dataset may be read at any time."""

    def reserve(self, *_: object) -> None:
        return None


@dataclass
class Dataset:
    """A dataset that is uploaded again and again, with another content each time."""

    every_seconds: float
    size: int
    world: World = field(default_factory=World)

    def uploads(self) -> Iterator[float]:
        """When it is uploaded."""
        return itertools.takewhile(lambda at: at < HOURS * 3600, itertools.count(0.0, self.every_seconds))

    def upload(self, at: float) -> Upload:
        self.world.bucket.clock = at
        made = self.world.bucket.put("training.jsonl", str(at).encode())
        self.world.bucket.size_of[made.key] = self.size
        return made

    def look(self, upload: Upload, at: float) -> tuple[float, bool]:
        """How long the function takes with the message of an upload, and whether the queue delivers it again."""
        self.world.bucket.clock = at
        before, postponed = self.world.bucket.reads, False
        try:
            self.world.starter.start_uploaded(upload)
        except RetryableError:
            postponed = True
        reads = self.world.bucket.reads - before
        return LOOK_SECONDS + reads * READ_SECONDS * self.size / MOST_BYTES, postponed


@dataclass
class OfOneDataset:
    """The limits, shared by datasets whose buckets know them by the same name."""

    reads: Reads
    number: int

    def reserve(self, reads: Sequence[Read], at: dt.datetime) -> Full | None:
        named = [replace(read, dataset=read.dataset and f"{read.dataset}-{self.number}") for read in reads]
        return self.reads.reserve(named, at)


def share_limits(datasets: list[Dataset]) -> None:
    reads = Reads()
    for number, dataset in enumerate(datasets):
        dataset.world.starter = replace(dataset.world.starter, reads=OfOneDataset(reads, number))


def simulated(datasets: list[Dataset]) -> tuple[list[float], float]:
    """How long each message of the last dataset waited for one of the functions that start runs, in seconds.

    Also the share of their time in which the functions were busy.
    """
    uploads = [(at, number) for number, dataset in enumerate(datasets) for at in dataset.uploads()]
    heapq.heapify(uploads)
    queue: list[tuple[float, int, int, Upload]] = []
    order, free, found, busy = itertools.count(), [0.0] * STARTERS, [], 0.0
    while uploads or queue:
        now = heapq.heappop(free)
        while uploads and uploads[0][0] <= now:
            at, number = heapq.heappop(uploads)
            heapq.heappush(queue, (at + QUIET_SECONDS, next(order), number, datasets[number].upload(at)))
        if not queue or queue[0][0] > now:
            heapq.heappush(free, now + 1)
            continue
        due, _, number, upload = heapq.heappop(queue)
        took, postponed = datasets[number].look(upload, now)
        busy += took
        if postponed:
            heapq.heappush(queue, (now + POSTPONED_SECONDS, next(order), number, upload))
        elif number == len(datasets) - 1:
            found.append(now - due)
        heapq.heappush(free, now + took)
    return found, busy / (STARTERS * max(free))


def large(every_seconds: float) -> list[Dataset]:
    return [Dataset(every_seconds, MOST_BYTES) for _ in range(2)]


@pytest.mark.parametrize("every_seconds", [40, 130])
def test_two_large_datasets_that_change_all_the_time_leave_the_functions_to_others_for_most_of_the_time(
    every_seconds: float,
) -> None:
    small = Dataset(600, 1000)
    found, busy = simulated([*large(every_seconds), small])
    assert len(found) == HOURS * 6
    assert len(small.world.executions.inputs) == len(found), "each of its uploads starts a run"
    assert max(found) < READ_SECONDS + 60, "the two reads that are going on"
    assert busy < 0.2


@pytest.mark.parametrize(
    ("count", "every_seconds", "size"),
    [(18, 900, MOST_BYTES), (40, 1800, MOST_BYTES), (18, 130, MOST_BYTES // 8), (18, 130, LARGE_BYTES + 1)],
)
def test_many_large_datasets_that_change_all_the_time_let_a_small_one_start_within_minutes(
    count: int, every_seconds: float, size: int
) -> None:
    """With the limit of each dataset alone, it waits for 16 minutes in the first case, and for 35 in the second."""
    datasets = [*(Dataset(every_seconds, size) for _ in range(count)), Dataset(600, 1000)]
    share_limits(datasets)
    found, busy = simulated(datasets)
    assert len(found) == HOURS * 6
    assert len(datasets[-1].world.executions.inputs) == len(found), "each of its uploads starts a run"
    assert max(found) < 5 * 60
    assert busy < 0.5


def test_many_large_datasets_that_are_uploaded_once_at_the_same_time_all_start() -> None:
    datasets = [Dataset(HOURS * 3600, MOST_BYTES) for _ in range(10)]
    share_limits(datasets)
    simulated(datasets)
    assert all(len(dataset.world.executions.inputs) == 1 for dataset in datasets)


def test_without_the_limit_they_take_most_of_it() -> None:
    datasets = [*large(40), Dataset(600, 1000)]
    for dataset in datasets:
        dataset.world.starter = replace(dataset.world.starter, reads=NoLimit())
    _, busy = simulated(datasets)
    assert busy > 0.75
