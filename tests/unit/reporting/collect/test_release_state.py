"""The report of a stopped run waits for the release of its endpoint, for a limited time."""

import json

import pytest

from tests.doubles import RUN, MemoryFolder, write_json
from tests.unit.reporting.conftest import FolderOf
from tests.unit.reporting.sample import artifacts
from tuner.core.artifact_keys import Keys
from tuner.reporting import await_release
from tuner.reporting.collect.release_state import job_sentence

RELEASED = json.loads(artifacts()[Keys.ENDPOINT])
ALIVE = RELEASED | {"released_at": None}


def test_it_waits_until_the_endpoint_is_released(folder_of: FolderOf) -> None:
    folder = folder_of({Keys.ENDPOINT: json.dumps(ALIVE).encode()})
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            write_json(folder, Keys.ENDPOINT, RELEASED)

    await_release(folder, pause)
    assert len(pauses) == 3


def test_it_waits_for_90_seconds_at_most(folder_of: FolderOf) -> None:
    pauses: list[float] = []
    await_release(folder_of({Keys.ENDPOINT: json.dumps(ALIVE).encode()}), pauses.append)
    assert sum(pauses) == 90


@pytest.mark.parametrize("endpoint", [None, RELEASED, ALIVE | {"commitment": "OneMonth"}])
def test_it_does_not_wait_without_an_endpoint_that_will_be_released(
    folder_of: FolderOf, endpoint: dict[str, object]
) -> None:
    folder = folder_of({} if endpoint is None else {Keys.ENDPOINT: json.dumps(endpoint).encode()})
    await_release(folder, lambda _: pytest.fail("waited"))


def with_job(**members: str | None) -> MemoryFolder:
    record = {
        "run_id": RUN,
        "trained_by": RUN,
        "job_name": "tuner-faq",
        "recorded_at": "2026-11-23T07:00:00Z",
        "job_arn": "arn:job",
        **members,
    }
    return MemoryFolder(RUN, {Keys.TRAINING_JOB: json.dumps(record).encode()})


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"stopped_at": "2026-11-23T08:00:00Z"}, "was stopped at 2026-11-23 08:00:00 UTC. Bedrock charges"),
        (
            {"left_at": "2026-11-23T08:00:00Z"},
            "so it was not stopped. A new run with the same content (tuner run faq-0123456789ab --again)",
        ),
    ],
    ids=["stopped", "left"],
)
def test_the_report_says_whether_the_job_was_stopped(members: dict[str, str], said: str) -> None:
    assert said in str(job_sentence(with_job(**members)))


def test_it_waits_until_the_job_is_stopped() -> None:
    folder, pauses = with_job(), list[float]()

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        folder.files.update(with_job(stopped_at="2026-11-23T08:00:00Z").files)

    await_release(folder, pause)
    assert pauses == [3]
    await_release(with_job(trained_by="another"), pauses.append)
    assert pauses == [3], "an adopted job is not this run's to stop"
