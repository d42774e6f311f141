"""The report of a stopped run waits for the release that happens beside it, and not for ever."""

import json

import pytest

from tests.unit.reporting.conftest import FolderOf
from tests.unit.reporting.sample import artifacts
from tuner.reporting import await_release
from tuner.run import Keys

RELEASED = json.loads(artifacts()[Keys.ENDPOINT])
ALIVE = RELEASED | {"released_at": None}


def test_it_waits_until_the_endpoint_is_released(folder_of: FolderOf) -> None:
    folder = folder_of({Keys.ENDPOINT: json.dumps(ALIVE).encode()})
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            folder.write_json(Keys.ENDPOINT, RELEASED)

    await_release(folder, pause)
    assert len(pauses) == 3


def test_it_does_not_wait_for_ever(folder_of: FolderOf) -> None:
    pauses: list[float] = []
    await_release(folder_of({Keys.ENDPOINT: json.dumps(ALIVE).encode()}), pauses.append)
    assert sum(pauses) == 90


@pytest.mark.parametrize("endpoint", [None, RELEASED, ALIVE | {"commitment": "OneMonth"}])
def test_where_there_is_nothing_to_wait_for_it_does_not_wait(folder_of: FolderOf, endpoint: dict[str, object]) -> None:
    folder = folder_of({} if endpoint is None else {Keys.ENDPOINT: json.dumps(endpoint).encode()})
    await_release(folder, lambda _: pytest.fail("waited"))
