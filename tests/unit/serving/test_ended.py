"""An execution that was stopped may have been buying: the rule's release looks for that purchase a little longer."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.doubles import CUSTOM_MODEL, DEPLOYMENT, NAME, RUN, FakeEndpoints, MemoryFolder, manifest
from tuner.artifacts.serving import EndpointKind, EndpointRecord
from tuner.aws.bedrock.resources import PaidResource
from tuner.core.artifact_keys import Keys
from tuner.core.errors import AccessDeniedError
from tuner.core.times import iso, now
from tuner.serving.purchase import purchase, read, write
from tuner.serving.release import Release


class Late(FakeEndpoints):
    """A purchase that goes through while the release waits for the `pauses`th time, and is on record a pause later."""

    def __init__(self, pauses: int, kind: EndpointKind = "provisioned", folder: MemoryFolder | None = None) -> None:
        super().__init__(kind)
        self.pauses, self.slept = pauses, list[float]()
        self.folder = folder

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if len(self.slept) == self.pauses:
            self.add()
        if len(self.slept) == self.pauses + 1 and self.folder:
            record = EndpointRecord(
                kind=self.kind, arn=self.arn, name=NAME, model_units=1, commitment=None, created_at=iso(now())
            )
            write(self.folder, record)

    def add(self, *arguments: Any, **members: Any) -> str:
        self.arn = super().add(*arguments, **members)
        return self.arn


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
    record = purchase(FakeEndpoints(), folder, manifest(), DEPLOYMENT)
    write(folder, record.model_copy(update={"created_at": "2026-11-23T07:00:00Z"}))
    return folder


def release(kind: Late, folder: MemoryFolder) -> Release:
    return Release((kind,), DEPLOYMENT, lambda _: folder, lambda _: 132.0, sleep=kind.sleep)


@pytest.mark.parametrize("kind", ["provisioned", "on_demand"])
def test_a_purchase_that_outlives_its_stopped_execution_is_released_and_its_record_says_so(kind: EndpointKind) -> None:
    folder = trained()
    late = Late(pauses=2, kind=kind, folder=folder)
    outcome = release(late, folder).ended(RUN)
    assert (outcome.released, late.alive) == ((late.arn,), {})
    assert late.slept == [2, 4, 8]
    record = read(folder)
    assert record
    assert record.released_at


def test_a_purchase_that_goes_on_record_during_a_look_is_released_at_the_next() -> None:
    folder, throughputs = trained(), FakeEndpoints()

    class Meanwhile(FakeEndpoints):
        """While the deployments are listed, after the throughputs, one of these is bought."""

        def list(self, name: str) -> Iterator[PaidResource]:
            if not throughputs.created:
                purchase(throughputs, folder, manifest(), DEPLOYMENT)
            return super().list(name)

    kinds = (throughputs, Meanwhile("on_demand"))
    outcome = Release(kinds, DEPLOYMENT, lambda _: folder, lambda _: 132.0, sleep=lambda _: None).ended(RUN)
    assert len(outcome.released) == 1
    assert not throughputs.alive


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


def test_a_folder_that_cannot_be_read_keeps_nothing_alive() -> None:
    class Sealed(MemoryFolder):
        def list(self, prefix: str) -> list[str]:
            raise AccessDeniedError("not authorized to perform: s3:ListBucket")

    late = Late(pauses=100)
    late.add()
    with pytest.raises(AccessDeniedError, match="s3:ListBucket"):
        release(late, Sealed()).ended(RUN)
    assert late.alive == {}
