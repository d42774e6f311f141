"""Tests of the release after an execution was stopped: a purchase may appear later."""

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
from tuner.serving.purchase import purchase
from tuner.serving.release import Release


class Late(FakeEndpoints):
    """A purchase that appears during the pause with number `pauses`, and is recorded one pause later."""

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
            self.folder.save(record)

    def add(self, *arguments: Any, **members: Any) -> str:
        self.arn = super().add(*arguments, **members)
        return self.arn


def trained(**settings: str) -> MemoryFolder:
    """The folder of a run with a model and without a purchase."""
    files = {
        Keys.TRAINING_SUMMARY: json.dumps({"custom_model_arn": CUSTOM_MODEL}).encode(),
        Keys.MANIFEST: manifest(**settings).model_dump_json().encode(),
    }
    return MemoryFolder(RUN, files)


def recorded() -> MemoryFolder:
    """The folder of a run whose purchase is recorded, and released."""
    folder = trained()
    record = purchase(FakeEndpoints(), folder, manifest(), DEPLOYMENT)
    folder.save(record.model_copy(update={"released_at": "2026-11-23T07:00:00Z"}))
    return folder


def release(kind: Late, folder: MemoryFolder) -> Release:
    return Release((kind,), DEPLOYMENT, lambda _: folder, lambda _: 132.0, sleep=kind.sleep)


@pytest.mark.parametrize("kind", ["provisioned", "on_demand"])
def test_a_purchase_that_ends_after_its_stopped_execution_is_released_and_recorded(kind: EndpointKind) -> None:
    folder = trained()
    late = Late(pauses=2, kind=kind, folder=folder)
    outcome = release(late, folder).ended_run(RUN)
    assert (outcome.released, late.alive) == ((late.arn,), {})
    assert late.slept == [2, 4, 2, 8], "the third is the pause between two looks at what was deleted"
    record = folder.load_if_present(EndpointRecord)
    assert record
    assert record.released_at


def test_a_purchase_that_is_recorded_during_a_release_is_released_by_the_next_attempt() -> None:
    folder, throughputs = trained(), FakeEndpoints()

    class Meanwhile(FakeEndpoints):
        """Throughput is bought while the model deployments are listed, after the throughput was listed."""

        def list(self, name: str) -> Iterator[PaidResource]:
            if not throughputs.created:
                purchase(throughputs, folder, manifest(), DEPLOYMENT)
            return super().list(name)

    kinds = (throughputs, Meanwhile("on_demand"))
    outcome = Release(kinds, DEPLOYMENT, lambda _: folder, lambda _: 132.0, sleep=lambda _: None).ended_run(RUN)
    assert len(outcome.released) == 1
    assert not throughputs.alive


def test_a_purchase_that_never_appears_is_waited_for_one_minute() -> None:
    never = Late(pauses=100)
    outcome = release(never, trained()).ended_run(RUN)
    assert outcome.released == ()
    assert sum(never.slept) == 60, "the function has four minutes"


@pytest.mark.parametrize(
    "folder",
    [MemoryFolder(RUN), trained(serving="none"), recorded()],
    ids=["ended before it had a model", "is not served", "its purchase is released"],
)
def test_a_run_that_cannot_be_buying_needs_no_wait(folder: MemoryFolder) -> None:
    late = Late(pauses=100)
    release(late, folder).ended_run(RUN)
    assert late.slept == []


def test_only_the_release_after_an_ended_execution_waits() -> None:
    late = Late(pauses=1)
    release(late, trained()).run(RUN)
    assert late.slept == []


def test_a_folder_that_cannot_be_read_does_not_stop_the_release() -> None:
    class Sealed(MemoryFolder):
        def list(self, prefix: str) -> list[str]:
            raise AccessDeniedError("not authorized to perform: s3:ListBucket")

    late = Late(pauses=100)
    late.add()
    with pytest.raises(AccessDeniedError, match="s3:ListBucket"):
        release(late, Sealed()).ended_run(RUN)
    assert late.alive == {}
