"""Tests of the deletion of old custom models."""

import datetime as dt
from collections.abc import Iterator, Mapping

import pytest

from tests.doubles import DEPLOYMENT, RUN, FakeEndpoints
from tuner.aws.bedrock.resources import CustomModel
from tuner.core.resource_names import Tags
from tuner.serving.model_cleanup import delete_unused

OURS = {Tags.DEPLOYMENT: DEPLOYMENT}
OLD = dt.datetime.now(dt.UTC) - dt.timedelta(days=40)


class Models:
    """Custom models in memory. Bedrock refuses to delete the `busy` ones."""

    def __init__(self) -> None:
        self.there: dict[str, tuple[CustomModel, Mapping[str, str]]] = {}
        self.busy: set[str] = set()

    def add(self, name: str = f"tuner-{RUN}", tags: Mapping[str, str] = OURS, created_at: dt.datetime = OLD) -> str:
        arn = f"arn:model/{len(self.there)}"
        self.there[arn] = (CustomModel(arn, name, created_at), tags)
        return arn

    def made_before(self, name: str, before: dt.datetime) -> Iterator[CustomModel]:
        yield from [model for model, _ in self.there.values() if name in model.name and model.created_at < before]

    def tags(self, arn: str) -> Mapping[str, str]:
        return self.there[arn][1]

    def delete(self, arn: str) -> bool:
        if arn in self.busy:
            return False
        del self.there[arn]
        return True


def deleted(models: Models, *, days: int | None = 30, served: str = "", status: str | None = None) -> tuple[str, ...]:
    endpoints = FakeEndpoints()
    endpoints.add("somebody", {}, model_arn=served)
    return delete_unused(models, [endpoints], DEPLOYMENT, days, lambda _: status)


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

    assert delete_unused(models, [FakeEndpoints()], DEPLOYMENT, 30, lambda _: "FAILED", used) == ()
    assert asked == [(f"tuner-{RUN}", "f" * 32)]


def test_without_a_retention_period_all_models_are_kept() -> None:
    models = Models()
    models.add()
    assert deleted(models, days=None) == ()
