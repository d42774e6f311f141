"""Every model of settings, artifacts and events: what is written is read back equal, and numbers are finite."""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st
from pydantic import BaseModel, RootModel, SecretStr, ValidationError

import tuner
from tests.examples import examples
from tuner.artifacts.base import Artifact, Part
from tuner.artifacts.evaluation.contestants import MAIN, ContestantName
from tuner.artifacts.evaluation.people import read_people_scores
from tuner.artifacts.evaluation.verdict import Verdict
from tuner.artifacts.report import Report
from tuner.core.strict_model import FrozenModel, StrictModel
from tuner.settings import ComparedWith, GateRule

pytestmark = pytest.mark.slow

for _module in pkgutil.walk_packages(tuner.__path__, "tuner."):
    if not _module.name.endswith("__main__") and not _module.name.endswith("_rows"):
        importlib.import_module(_module.name)

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_SCALARS: Mapping[Any, st.SearchStrategy[Any]] = {
    str: _TEXT,
    int: st.integers(-(2**53), 2**53) | st.integers(1, 9),
    float: st.floats(allow_nan=False, allow_infinity=False) | st.floats(0, 1),
    bool: st.booleans(),
    NoneType: st.none(),
    SecretStr: _TEXT.map(SecretStr),
    Any: _TEXT | st.integers(0, 9) | st.none(),
    object: _TEXT,
}


_COMPARED = (
    "base",
    "few_shot",
    "retrieval",
    "best",
    "amazon.nova-lite-v1:0",
    {"model": "us.amazon.nova-pro-v1:0", "name": "larger"},
)


def descendants(model: type[BaseModel]) -> set[type[BaseModel]]:
    below = set(model.__subclasses__())
    return below.union(*(descendants(each) for each in below))


def all_models() -> list[type[BaseModel]]:
    found = {m for m in descendants(FrozenModel) if m.__module__.startswith("tuner.")} - {StrictModel, Part, Artifact}
    # The catalog is packaged data: it is never written, and its entries name sources that must exist.
    found = {model for model in found if not model.__module__.startswith("tuner.catalog.")}
    return sorted(found, key=lambda model: (model.__module__, model.__qualname__))


# The annotation of a field is without its metadata.
(_NAME,) = get_args(ContestantName)[1:]


def values(annotation: Any) -> st.SearchStrategy[Any]:
    """Values of an annotation, as Python objects."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return st.one_of(*map(values, inner))
    if annotation == ContestantName:
        return st.sampled_from(MAIN)
    if origin is Annotated:
        return values(inner[0])
    if origin is Literal:
        return st.sampled_from(inner)
    if origin in (tuple, list, set, frozenset):
        if origin is tuple and inner[-1] is not Ellipsis:
            return st.tuples(*map(values, inner))
        return st.lists(values(inner[0]), max_size=2).map(origin)
    if origin is not None and issubclass(origin, Mapping):
        return st.dictionaries(values(inner[0]), values(inner[1]), max_size=2)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return models(annotation)
    return _SCALARS[annotation] if annotation in _SCALARS else st.from_type(annotation)


@st.composite
def models(draw: st.DrawFn, model: type[BaseModel]) -> BaseModel:
    """A model with random members; one that a validator refuses gets its default."""
    if model is ComparedWith:
        # Of random texts, hardly one is the name of a contestant.
        return draw(st.sampled_from(_COMPARED).map(ComparedWith.model_validate))
    given = {
        name: draw(values(ContestantName if _NAME in field.metadata else field.annotation))
        for name, field in model.model_fields.items()
        if field.is_required() or draw(st.booleans())
    }
    while True:
        try:
            return model(**given)
        except ValidationError as error:
            refused = {str(each["loc"][0]) for each in error.errors() if each["loc"]} or set(given)
            if any(model.model_fields[name].is_required() for name in refused & set(given)) or not refused & set(given):
                reject()
            given = {name: value for name, value in given.items() if name not in refused}


def as_json(made: BaseModel) -> str | bytes:
    return made.to_json() if isinstance(made, Artifact) else made.model_dump_json()


def identity(model: type[BaseModel]) -> str:
    return f"{model.__module__}.{model.__qualname__}"


def with_json(base: type[BaseModel]) -> list[type[BaseModel]]:
    """The models of one base that are read or written on their own or as a part of others."""
    return [model for model in all_models() if issubclass(model, base)]


@pytest.mark.parametrize("model", all_models(), ids=identity)
@settings(max_examples=examples(6), suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_is_written_is_read_back_equal(model: type[BaseModel], data: st.DataObject) -> None:
    made = data.draw(models(model))
    assert model.model_validate_json(as_json(made)) == made


# Members that this version does not know. No number: beside the scores of an answer, a number is a measure.
_NEWER = st.sampled_from(["a text", True, ["a text"], {"newer": {"newer": 1}}])


def objects_of_models(made: Any, written: Any) -> list[dict[str, Any]]:
    """Every object of the JSON that `made` was written as, at any depth, if it is a model and not a map."""
    if isinstance(made, RootModel):
        return objects_of_models(made.root, written)
    if isinstance(made, BaseModel) and isinstance(written, dict):  # a default may be absent
        found = [written]
        for name in type(made).model_fields:
            member = getattr(made, name)
            # The contestants are members of the object itself.
            inner = written if name == "by_contestant" else written.get(name)
            found += objects_of_models(member, inner)
        return found
    if isinstance(made, Mapping) and isinstance(written, dict):
        return [each for name in made for each in objects_of_models(made[name], written.get(name))]
    if isinstance(made, (list, tuple)) and isinstance(written, list):
        return [each for pair in zip(made, written, strict=True) for each in objects_of_models(*pair)]
    return []


@pytest.mark.parametrize("model", with_json(Part), ids=identity)
@settings(max_examples=examples(4), suppress_health_check=list(HealthCheck))
@given(data=st.data())
@pytest.mark.thorough
def test_members_of_a_newer_version_are_ignored_at_every_depth(model: type[Part], data: st.DataObject) -> None:
    made = data.draw(models(model))
    written = json.loads(as_json(made))
    for each in objects_of_models(made, written):
        each["a_newer_member"] = data.draw(_NEWER)
    # As JSON, because a rule of the gate keeps the names of the conditions that it does not know.
    assert json.loads(as_json(model.model_validate_json(json.dumps(written)))) == json.loads(as_json(made))


@pytest.mark.parametrize("model", with_json(StrictModel), ids=identity)
@settings(max_examples=examples(4), suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_people_write_may_not_have_an_unknown_member_at_any_depth(
    model: type[StrictModel], data: st.DataObject
) -> None:
    made = data.draw(models(model))
    written = json.loads(as_json(made))
    objects = objects_of_models(made, written)
    assume(objects)  # some are written as a text
    data.draw(st.sampled_from(objects))["a_misspelt_member"] = data.draw(_NEWER)
    with pytest.raises(ValidationError, match=r"a_misspelt_member\n *Extra inputs are not permitted"):
        model.model_validate_json(json.dumps(written))


def test_a_run_of_a_newer_version_is_read_with_its_settings() -> None:
    newer = {
        "evaluation": {"metrics": ["a_newer_metric", "rouge"], "a_newer_key": 1},
        "gate": {"a_newer_measure": {"at_least": 5}, "rouge_l": {"a_newer_condition": 1}},
        "a_newer_key": {"key": 1},
    }
    report = Report(
        run_id="r", status="SUCCEEDED", verdict=Verdict(sentence="."), ended_at="now", folder="s3://b/r/"
    ).to_document()
    read = Report.model_validate_json(json.dumps({**report, "settings": newer})).settings
    assert read
    assert read.evaluation.metrics == ("a_newer_metric", "rouge")
    assert read.gate == {"a_newer_measure": GateRule(at_least=5), "rouge_l": read.gate["rouge_l"]}


def test_a_newer_contestant_of_people_scores_is_ignored() -> None:
    given = b'{"q0": {"Ann": {"base": 5, "a_newer_one": 6}}}'
    assert read_people_scores(given, "people.json") == {"q0": {"Ann": {"base": 5}}}


def test_people_scores_of_one_person_without_a_name_are_read() -> None:
    assert read_people_scores(b'{"q0": {"base": 5}}', "people.json") == {"q0": {"people": {"base": 5}}}


def test_a_report_of_release_0_1_0_without_settings_is_read() -> None:
    report = Report(run_id="r", status="FAILED", verdict=Verdict(sentence="."), ended_at="now", folder="s3://b/r/")
    assert Report.model_validate_json(json.dumps({**report.to_document(), "settings": {}})) == report


def test_every_artifact_has_its_own_place() -> None:
    places = [model.NAME for model in descendants(Artifact) if issubclass(model, Artifact)]
    assert len(places) == len(set(places)) > 0
