"""Tests of the deletion of old custom models."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from tests.doubles import DEPLOYMENT, RUN, FakeEndpoints, MemoryFolder, manifest
from tuner.artifacts.training import CandidateResult, TrainingSummary
from tuner.aws.bedrock.resources import CustomModel
from tuner.core.artifact_keys import Keys
from tuner.core.errors import AccessDeniedError
from tuner.core.resource_names import Tags, candidate_name
from tuner.serving.sweep.model_cleanup import UnchosenModels, delete_unused

OURS = {Tags.DEPLOYMENT: DEPLOYMENT}
OLD = dt.datetime.now(dt.UTC) - dt.timedelta(days=40)


class Models:
    """Custom models in memory. Bedrock refuses to delete the `busy` and the `denied` ones."""

    def __init__(self) -> None:
        self.there: dict[str, tuple[CustomModel, Mapping[str, str]]] = {}
        self.busy: set[str] = set()
        self.denied: set[str] = set()

    def add(self, name: str = f"tuner-{RUN}", tags: Mapping[str, str] = OURS, created_at: dt.datetime = OLD) -> str:
        arn = f"arn:model/{len(self.there)}"
        self.there[arn] = (CustomModel(arn, name, created_at), tags)
        return arn

    def made_before(self, name: str, before: dt.datetime) -> Iterator[CustomModel]:
        yield from [model for model, _ in self.there.values() if name in model.name and model.created_at < before]

    def tags(self, arn: str) -> Mapping[str, str]:
        return self.there[arn][1] if arn in self.there else {}

    def delete(self, arn: str) -> bool:
        if arn in self.busy:
            return False
        if arn in self.denied:
            raise AccessDeniedError(f"not authorized to delete {arn}")
        del self.there[arn]
        return True


def deleted(models: Models, *, days: int | None = 30, served: str = "", status: str | None = None) -> tuple[str, ...]:
    endpoints = FakeEndpoints()
    endpoints.add("somebody", {}, model_arn=served)
    return delete_unused(models, [endpoints], DEPLOYMENT, days, lambda _: status).arns


def test_an_old_model_that_nothing_uses_is_deleted() -> None:
    models = Models()
    arn = models.add()
    assert deleted(models, status="FAILED") == (arn,)
    assert not models.there


@pytest.mark.parametrize(
    ("name", "tags", "age"),
    [
        (f"tuner-{RUN}", {}, 40),
        (f"tuner-{RUN}", {Tags.DEPLOYMENT: "other"}, 40),
        (f"other-tuner-{RUN}", OURS, 40),
        (f"tuner-{RUN}", {**OURS, Tags.GATE: "accepted"}, 400),
        (f"tuner-{RUN}", OURS, 29),
    ],
    ids=["not tagged", "another deployment's tag", "another's name", "accepted", "too young"],
)
def test_models_that_are_accepted_or_young_or_not_ours_are_kept(name: str, tags: dict[str, str], age: int) -> None:
    models = Models()
    models.add(name, tags, dt.datetime.now(dt.UTC) - dt.timedelta(days=age))
    assert deleted(models) == ()
    assert models.there


def test_a_rejected_model_is_deleted_like_any_other() -> None:
    models = Models()
    arn = models.add(tags={**OURS, Tags.GATE: "rejected"})
    assert deleted(models) == (arn,)


def test_a_model_that_cannot_be_deleted_keeps_no_other_from_being_deleted() -> None:
    models = Models()
    denied, other = models.add(), models.add(f"tuner-{RUN}-r1")
    models.denied.add(denied)
    deleted = delete_unused(models, [FakeEndpoints()], DEPLOYMENT, 30, lambda _: "FAILED")
    assert deleted.arns == (other,)
    assert [str(error) for error in deleted.errors] == [f"not authorized to delete {denied}"]


def test_a_model_that_is_served_or_used_by_a_run_is_kept() -> None:
    models = Models()
    arn = models.add()
    assert deleted(models, served=arn) == ()
    assert deleted(models, status="RUNNING") == ()
    models.busy.add(arn)
    assert deleted(models) == (), "Bedrock knows of a use that is not listed"


def test_a_model_that_a_running_run_adopted_is_kept() -> None:
    models = Models()
    models.add(tags={**OURS, Tags.TRAINING: "f" * 32})
    asked: list[tuple[str, str]] = []

    def used(name: str, tags: Mapping[str, str], run_id: str) -> bool:
        asked.append((name, tags[Tags.TRAINING]))
        return True

    assert delete_unused(models, [FakeEndpoints()], DEPLOYMENT, 30, lambda _: "FAILED", used).arns == ()
    assert asked == [(f"tuner-{RUN}", "f" * 32)]


def test_without_a_retention_period_all_models_are_kept() -> None:
    models = Models()
    models.add()
    assert deleted(models, days=None) == ()


OTHER = f"{RUN}-r1"


class Runs:
    """Runs that trained or adopted the first and the second candidate's model, and which of them they chose."""

    def __init__(self) -> None:
        self.models, self.statuses, self.folders = Models(), dict[str, str](), dict[str, MemoryFolder]()
        tags = {**OURS, Tags.RUN: RUN}
        now = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1)
        self.arns = [self.models.add(candidate_name(DEPLOYMENT, RUN, number), tags, now) for number in (1, 2)]

    def add(self, run_id: str = RUN, status: str = "SUCCEEDED", chosen: int = 1, keep: bool = False) -> None:
        self.statuses[run_id] = status
        self.folders[run_id] = MemoryFolder(run_id)
        self.folders[run_id].save(manifest(keep_candidates=keep))
        candidates = tuple(
            CandidateResult(
                number=number,
                base_model="m",
                hyperparameters={},
                job_name=candidate_name(DEPLOYMENT, RUN, number),
                custom_model_arn=self.arns[number - 1],
                epochs_asked=1,
                chosen=number == chosen,
            )
            for number in (1, 2)
        )
        self.folders[run_id].save(TrainingSummary(custom_model_arn=self.arns[chosen - 1], candidates=candidates))

    @property
    def unchosen(self) -> UnchosenModels:
        return UnchosenModels(
            self.models,
            DEPLOYMENT,
            lambda run_id: self.folders.get(run_id, MemoryFolder(run_id)),
            lambda name, tags: tuple(self.statuses),
            self.statuses.get,
        )


def of_run(unchosen: UnchosenModels) -> tuple[str, ...]:
    return unchosen.of_run(RUN).arns


def of_sweep(unchosen: UnchosenModels) -> tuple[str, ...]:
    return unchosen.all().arns


EITHER = pytest.mark.parametrize("delete", [of_run, of_sweep], ids=["after the run", "the sweep"])


@EITHER
def test_the_model_that_was_not_chosen_is_deleted_and_the_chosen_one_stays(
    delete: Callable[[UnchosenModels], tuple[str, ...]],
) -> None:
    runs = Runs()
    runs.add()
    assert delete(runs.unchosen) == (runs.arns[1],)
    assert list(runs.models.there) == [runs.arns[0]]
    assert delete(runs.unchosen) == ()


@EITHER
@pytest.mark.parametrize(
    ("own", "others"),
    [
        ({"keep": True}, None),
        ({"status": "FAILED"}, None),
        ({"status": "RUNNING"}, None),
        ({}, {"status": "RUNNING"}),
        ({}, {"chosen": 2}),
        ({}, {"chosen": 2, "status": "FAILED"}),
        ({}, {"keep": True}),
    ],
    ids=[
        "the run keeps its candidates",
        "the run failed: the same run again adopts them",
        "the run is in progress",
        "another run may choose it",
        "another run chose it",
        "another run chose it and failed later",
        "another run keeps it",
    ],
)
def test_a_model_that_may_be_needed_is_not_deleted(
    delete: Callable[[UnchosenModels], tuple[str, ...]], own: dict[str, Any], others: dict[str, Any] | None
) -> None:
    runs = Runs()
    runs.add(**own)
    if others is not None:
        runs.add(OTHER, **others)
    assert delete(runs.unchosen) == ()


@EITHER
def test_the_models_of_a_failed_run_are_deleted_when_the_run_again_has_chosen(
    delete: Callable[[UnchosenModels], tuple[str, ...]],
) -> None:
    runs = Runs()
    runs.add(status="FAILED")
    runs.add(OTHER)
    assert (runs.unchosen.of_run(OTHER) if delete is of_run else runs.unchosen.all()).arns == (runs.arns[1],)


@EITHER
def test_a_model_of_another_deployment_or_in_use_is_not_deleted(
    delete: Callable[[UnchosenModels], tuple[str, ...]],
) -> None:
    runs = Runs()
    runs.add()
    runs.models.busy.add(runs.arns[1])
    assert delete(runs.unchosen) == ()
    runs.models.busy.clear()
    model, tags = runs.models.there[runs.arns[1]]
    runs.models.there[runs.arns[1]] = (model, {**tags, Tags.DEPLOYMENT: "other"})
    assert delete(runs.unchosen) == ()


def test_a_run_that_cannot_be_read_does_not_keep_the_sweep_from_the_others() -> None:
    runs = Runs()
    runs.add()
    runs.folders[RUN].write(Keys.TRAINING_SUMMARY, b"{")
    assert runs.unchosen.all().arns == ()


def test_a_run_with_a_single_customization_has_nothing_to_delete() -> None:
    runs = Runs()
    runs.add()
    runs.folders[RUN].save(TrainingSummary(custom_model_arn=runs.arns[0]))
    assert runs.unchosen.of_run(RUN).arns == ()
