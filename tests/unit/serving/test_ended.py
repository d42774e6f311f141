"""An execution that was stopped may have been buying: the rule's release looks for that purchase a little longer."""

import json

import pytest

from tests.doubles import CUSTOM_MODEL, DEPLOYMENT, RUN, FakeEndpoints, MemoryFolder, manifest
from tuner.run import Keys
from tuner.serving.endpoints import Kind
from tuner.serving.purchase import purchase
from tuner.serving.release import Release


class Late(FakeEndpoints):
    """A purchase that goes through while the release waits for the `pauses`th time."""

    def __init__(self, pauses: int, kind: Kind = "provisioned") -> None:
        super().__init__(kind)
        self.pauses, self.slept = pauses, list[float]()

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if len(self.slept) == self.pauses:
            self.add()


def trained(**settings: str) -> MemoryFolder:
    """Of a run that has its model and has bought nothing yet."""
    files = {
        Keys.TRAINING_SUMMARY: json.dumps({"custom_model_arn": CUSTOM_MODEL}).encode(),
        Keys.MANIFEST: manifest(**settings).model_dump_json().encode(),
    }
    return MemoryFolder(RUN, files)


def recorded() -> MemoryFolder:
    """Of a run whose purchase is on record, and gone."""
    folder = trained()
    purchase(FakeEndpoints(), folder, manifest(), DEPLOYMENT)
    return folder


def release(kind: Late, folder: MemoryFolder) -> Release:
    return Release((kind,), DEPLOYMENT, lambda _: folder, lambda _: 132.0, sleep=kind.sleep)


@pytest.mark.parametrize("kind", ["provisioned", "on_demand"])
def test_a_purchase_that_outlives_its_stopped_execution_is_released_when_it_appears(kind: Kind) -> None:
    late = Late(pauses=2, kind=kind)
    outcome = release(late, trained()).ended(RUN)
    assert (len(outcome.released), late.alive) == (1, {})
    assert late.slept[:2] == [2, 4]


def test_a_purchase_that_never_comes_is_looked_for_a_minute() -> None:
    never = Late(pauses=100)
    outcome = release(never, trained()).ended(RUN)
    assert outcome.released == ()
    assert sum(never.slept) == 60, "the function has four minutes"


@pytest.mark.parametrize(
    "folder",
    [MemoryFolder(RUN), trained(serving="none"), recorded()],
    ids=["ended before its model was there", "is not served", "its purchase is on record"],
)
def test_a_run_that_cannot_be_buying_is_not_waited_for(folder: MemoryFolder) -> None:
    late = Late(pauses=1)
    release(late, folder).ended(RUN)
    assert late.slept == []


def test_only_an_ended_execution_is_waited_for() -> None:
    late = Late(pauses=1)
    release(late, trained()).run(RUN)
    assert late.slept == []
