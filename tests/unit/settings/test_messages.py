"""Messages are for people who write settings: they have no class names and none of pydantic's sentences."""

import re
from collections.abc import Iterator
from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel

from tuner.core.errors import SettingsError
from tuner.settings import DeploymentSettings, RunSettings, deployment_settings, load

_OF_PROGRAMMERS = re.compile(
    r"\b[A-Z][a-z]+[A-Z]\w*|Input should|pydantic|instance of|\bdict|\btuple\b|\bint\b|\bfloat\b|\bstr\b|NoneType"
)
_JUNK: tuple[Any, ...] = (
    "junk",
    "",
    "NaN",
    -1,
    1e308,
    "[" * 5_000,
    "[" + "9" * 5_000,
    2.5,
    True,
    None,
    [],
    [1],
    [None],
    {},
    {"zz": 1},
    [[1]],
    [{"zz": 1}],
)
# Terms of AWS that look like class names.
_AWS_TERMS = {"OneMonth", "SixMonths"}


def keys(model: type[BaseModel]) -> Iterator[tuple[str, ...]]:
    """Every key of the settings, groups too."""
    for name, field in model.model_fields.items():
        yield (name,)
        kinds = (field.annotation, *get_args(field.annotation))
        nested = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
        if nested and get_origin(field.annotation) is None:
            yield from ((name, *rest) for rest in keys(nested))


def nested(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    for part in reversed(path):
        value = {part: value}
    assert isinstance(value, dict)
    return value


@pytest.mark.parametrize("model", [DeploymentSettings, RunSettings])
def test_messages_use_no_terms_of_python_or_pydantic(model: type[Any]) -> None:
    refused = 0
    for path in keys(model):
        for junk in _JUNK:
            try:
                load(model, nested(path, junk), "settings")
            except SettingsError as error:
                refused += 1
                rules = " ".join(line.partition("; found ")[0] for line in str(error).splitlines())
                assert not set(_OF_PROGRAMMERS.findall(rules)) - _AWS_TERMS, error
                assert path[0] in str(error)
    assert refused > 100


def test_alternative_types_are_in_one_sentence() -> None:
    with pytest.raises(SettingsError) as caught:
        load(RunSettings, {"hyperparameters": {"epochCount": [1]}}, "run.yaml")
    assert str(caught.value) == (
        "run.yaml: hyperparameters.epochCount: must be a whole number or a number or text; found [1]."
    )


def test_an_unknown_key_in_a_list_names_the_nearest() -> None:
    with pytest.raises(SettingsError, match=r"prices\.0\.usdd: there is no such key\. Did you mean 'usd'\?"):
        deployment_settings({"prices": '[{"item": "storage", "usd": 2, "source": "s", "usdd": 3}]'})


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"budget_usd": True}, "budget_usd: must be a number; found true."),
        ({"break_even": {"model_units": True}}, "break_even.model_units: must be a whole number; found true."),
        ({"gate": {"correctness": {"at_least": True}}}, "gate.correctness.at_least: must be a number; found true."),
        ({"hyperparameters": {"epochCount": True}}, "hyperparameters: epochCount must be a number or text, not true"),
    ],
    ids=str,
)
def test_true_is_not_a_number(values: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(RunSettings, values, "run.yaml")
    assert str(caught.value).startswith(f"run.yaml: {said}")
