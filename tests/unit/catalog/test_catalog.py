"""The catalog is consistent, and refuses what Bedrock would refuse, before anything is spent."""

import pytest

from tuner import catalog
from tuner.errors import ModelUnavailableError, SettingsError
from tuner.settings import DeploymentSettings

HAIKU = "anthropic.claude-3-haiku-20240307-v1:0:200k"
MICRO = "amazon.nova-micro-v1:0:128k"


@pytest.mark.parametrize("model", catalog.models(), ids=lambda model: model.id)
def test_every_model_is_whole(model: catalog.Model) -> None:
    assert model.id != model.invoke_id
    assert bool(model.profile) == bool(model.profile_regions)
    assert bool(model.replacements) == model.retired, "a retired model names what to use instead, and only it does"
    for replacement in model.replacements:
        assert not catalog.model(replacement).retired


@pytest.mark.parametrize("model", catalog.models(), ids=lambda model: model.id)
def test_defaults_are_within_their_ranges(model: catalog.Model) -> None:
    assert catalog.check_hyperparameters(model, {}).keys() == model.family.hyperparameters.keys()


def test_the_deployments_defaults_are_in_the_catalog() -> None:
    defaults = DeploymentSettings()
    assert not catalog.model(defaults.base_model).retired
    assert defaults.region in catalog.model(defaults.base_model).regions
    assert catalog.judge(defaults.judge_model)


def test_the_articles_hyperparameters_are_taken() -> None:
    asked = {"epochCount": 10, "batchSize": 32, "learningRateMultiplier": 1, "earlyStoppingPatience": 2}
    values = catalog.check_hyperparameters(catalog.model(HAIKU), asked)
    assert values["epochCount"] == "10"
    assert all(isinstance(value, str) for value in values.values())


@pytest.mark.parametrize("value", ["9", 9, 0, 2.5, "many", "nan", "inf", ""])
def test_a_hyperparameter_out_of_range_names_the_range(value: object) -> None:
    with pytest.raises(SettingsError, match=r"hyperparameters\.epochCount: must be"):
        catalog.check_hyperparameters(catalog.model(MICRO), {"epochCount": value})


def test_an_unknown_hyperparameter_names_the_nearest() -> None:
    with pytest.raises(SettingsError, match="Did you mean 'epochCount'"):
        catalog.check_hyperparameters(catalog.model(MICRO), {"epochs": 3})


def test_early_stopping_belongs_to_the_families_that_have_it() -> None:
    assert catalog.family_of(HAIKU).stops_early
    assert not catalog.family_of(MICRO).stops_early


def test_an_id_for_invoking_names_the_one_for_customization() -> None:
    with pytest.raises(ModelUnavailableError, match=MICRO):
        catalog.model("amazon.nova-micro-v1:0")


def test_a_model_that_cannot_be_tuned_names_the_nearest_that_can() -> None:
    with pytest.raises(ModelUnavailableError, match=r"Did you mean 'amazon\.nova-micro-v1:0:128k'"):
        catalog.model("amazon.nova-micro-v2:0:128k")
