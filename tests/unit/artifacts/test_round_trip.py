"""Every model of settings, artifacts and events: what is written is read back equal, and numbers are finite."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr, ValidationError

import tuner
from tuner.artifacts.base import Artifact, Part
from tuner.artifacts.contestants import CONTESTANTS, ContestantName
from tuner.core.strict_model import FrozenModel, StrictModel

for _module in pkgutil.walk_packages(tuner.__path__, "tuner."):
    if not _module.name.endswith("__main__") and "parquet_rows" not in _module.name:
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


def descendants(model: type[BaseModel]) -> set[type[BaseModel]]:
    below = set(model.__subclasses__())
    return below.union(*(descendants(each) for each in below))


def all_models() -> list[type[BaseModel]]:
    found = {m for m in descendants(FrozenModel) if m.__module__.startswith("tuner.")} - {StrictModel, Part, Artifact}
    # The catalog is packaged data: it is never written, and its entries name sources that must exist.
    found = {model for model in found if not model.__module__.startswith("tuner.catalog.")}
    return sorted(found, key=lambda model: (model.__module__, model.__qualname__))


def values(annotation: Any) -> st.SearchStrategy[Any]:
    """Values of an annotation, as Python objects."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return st.one_of(*map(values, inner))
    if annotation == ContestantName:
        return st.sampled_from(CONTESTANTS)
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
    given = {
        name: draw(values(field.annotation))
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


@pytest.mark.parametrize("model", all_models(), ids=lambda model: f"{model.__module__}.{model.__qualname__}")
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_is_written_is_read_back_equal(model: type[BaseModel], data: st.DataObject) -> None:
    made = data.draw(models(model))
    written = made.to_json() if isinstance(made, Artifact) else made.model_dump_json()
    assert model.model_validate_json(written) == made


@pytest.mark.parametrize("model", sorted(descendants(Part) - {Artifact}, key=str), ids=lambda model: model.__qualname__)
def test_an_artifact_with_a_newer_member_is_read(model: type[Part]) -> None:
    assert model.model_config.get("extra") == "ignore"


@pytest.mark.parametrize("model", sorted(descendants(StrictModel), key=str), ids=lambda model: model.__qualname__)
def test_what_people_write_may_not_have_an_unknown_member(model: type[StrictModel]) -> None:
    assert model.model_config.get("extra") == "forbid"


def test_every_artifact_has_its_own_place() -> None:
    places = [model.NAME for model in descendants(Artifact)]
    assert len(places) == len(set(places)) > 0
