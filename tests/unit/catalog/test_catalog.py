"""The catalog is consistent, and rejects what Bedrock would reject, before anything is spent."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner import catalog
from tuner.core.errors import ModelUnavailableError, SettingsError
from tuner.settings import DeploymentSettings

HAIKU = "anthropic.claude-3-haiku-20240307-v1:0:200k"
MICRO = "amazon.nova-micro-v1:0:128k"


@pytest.mark.parametrize("model", catalog.models(), ids=lambda model: model.id)
def test_every_model_is_complete(model: catalog.Model) -> None:
    assert model.id != model.invoke_id
    assert bool(model.profile) == bool(model.profile_regions)
    assert bool(model.replacements) == model.retired, "a retired model has replacements, and no other model has any"
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


def test_the_hyperparameters_of_the_article_are_accepted() -> None:
    asked = {"epochCount": 10, "batchSize": 32, "learningRateMultiplier": 1, "earlyStoppingPatience": 2}
    values = catalog.check_hyperparameters(catalog.model(HAIKU), asked)
    assert values["epochCount"] == "10"
    assert all(isinstance(value, str) for value in values.values())


@pytest.mark.parametrize("value", ["9", 9, 0, 2.5, "many", "nan", "inf", ""])
def test_a_hyperparameter_out_of_range_names_the_range(value: float | str) -> None:
    with pytest.raises(SettingsError, match=r"hyperparameters\.epochCount: must be"):
        catalog.check_hyperparameters(catalog.model(MICRO), {"epochCount": value})


def test_an_unknown_hyperparameter_names_the_nearest() -> None:
    with pytest.raises(SettingsError, match="Did you mean 'epochCount'"):
        catalog.check_hyperparameters(catalog.model(MICRO), {"epochs": 3})


def test_families_with_early_stopping_stop_early() -> None:
    assert catalog.family_of(HAIKU).stops_early
    assert not catalog.family_of(MICRO).stops_early


def test_the_error_about_an_id_for_invoking_names_the_id_for_customization() -> None:
    with pytest.raises(ModelUnavailableError, match=MICRO):
        catalog.model("amazon.nova-micro-v1:0")


def test_the_error_about_an_unknown_model_names_the_nearest() -> None:
    with pytest.raises(ModelUnavailableError, match=r"Did you mean 'amazon\.nova-micro-v1:0:128k'"):
        catalog.model("amazon.nova-micro-v2:0:128k")


@pytest.mark.parametrize(
    "entry",
    [*catalog.models(), *catalog.judges(), *{m.family.name: m.family for m in catalog.models()}.values()],
    ids=lambda entry: getattr(entry, "id", entry.name),
)
def test_every_fact_has_a_source_with_a_date(entry: catalog.Model | catalog.Judge | catalog.Family) -> None:
    assert entry.sources
    assert all(isinstance(catalog.sources()[name].read, dt.date) for name in entry.sources)


def test_every_source_is_used() -> None:
    entries: list[catalog.Model | catalog.Judge | catalog.Family] = [
        *catalog.models(),
        *catalog.judges(),
        *(model.family for model in catalog.models()),
    ]
    assert {name for entry in entries for name in entry.sources} == set(catalog.sources())


@pytest.mark.parametrize("size", ["1b", "3b", "11b", "90b"])
def test_llama_3_2_is_past_its_end_of_life(size: str) -> None:
    model = catalog.model(f"meta.llama3-2-{size}-instruct-v1:0:128k")
    assert model.retired
    assert model.end_of_life == dt.date(2026, 7, 7)


def test_nova_has_no_batch_size_and_nova_2_is_unconfirmed() -> None:
    families = {model.family.name: model.family for model in catalog.models()}
    assert "batchSize" not in families["nova"].hyperparameters | families["nova-2"].hyperparameters
    assert families["nova-2"].records.training == (200, 20000)
    assert families["nova-2"].unconfirmed
    assert not families["nova"].unconfirmed


_RULES = [
    (model, name, rule)
    for model in {entry.family.name: entry for entry in catalog.models()}.values()
    for name, rule in model.family.hyperparameters.items()
]


@given(st.data())
def test_every_accepted_value_becomes_a_plain_decimal(data: st.DataObject) -> None:
    model, name, rule = data.draw(st.sampled_from(_RULES))
    numbers = (
        st.integers(int(rule.minimum), int(rule.maximum))
        if rule.kind == "integer"
        else st.floats(rule.minimum, rule.maximum).filter(lambda number: number == 0 or number >= 1e-9)
    )
    value = data.draw(numbers)
    sent = catalog.check_hyperparameters(model, {name: value})[name]
    assert float(sent) == value
    assert len(sent) <= 30
    assert set(sent) <= set("0123456789.")


@pytest.mark.parametrize(
    ("value", "sent"), [(1e-5, "0.00001"), ("1E-05", "0.00001"), (2.5e-6, "0.0000025"), ("0.0001", "0.0001")]
)
def test_a_learning_rate_has_the_form_of_aws_samples(value: float | str, sent: str) -> None:
    assert catalog.check_hyperparameters(catalog.model(MICRO), {"learningRate": value})["learningRate"] == sent


def test_a_tiny_number_is_refused() -> None:
    titan = catalog.model("amazon.titan-text-express-v1:0:8k")
    with pytest.raises(SettingsError, match=r"learningRate: must be 0 or at least 0\.000000001"):
        catalog.check_hyperparameters(titan, {"learningRate": 5e-324})


TUNABLE_REGIONS = sorted({region for model in catalog.models() if not model.retired for region in model.regions})


@pytest.mark.parametrize("region", TUNABLE_REGIONS)
def test_the_default_judge_works_in_a_new_account_and_keeps_the_data_in_the_region(region: str) -> None:
    judge = catalog.default_judge(region)
    assert judge
    assert not judge.needs
    assert (judge.routing, judge.regions) == ("in-region", (region,))
    assert DeploymentSettings(region=region).judge_model == judge.id
    assert judge.quota


@pytest.mark.parametrize(
    ("judge_id", "routing", "forced", "sampling", "needs"),
    [
        ("eu.anthropic.claude-opus-9", "geographic", False, "none", 2),
        ("global.amazon.nova-3-pro-v1:0", "global", True, "either", 0),
        ("meta.llama9-v1:0", "in-region", False, "either", 0),
        ("arn:aws:bedrock:us-east-1:1:application-inference-profile/abc", "in-region", False, "none", 1),
        ("somebody.model-v1", "in-region", False, "either", 1),
    ],
)
def test_a_judge_outside_the_catalog_has_the_assumptions_of_its_vendor(
    judge_id: str, routing: str, forced: bool, sampling: str, needs: int
) -> None:
    judge = catalog.judge_or_assumed(judge_id)
    assert judge.assumed
    assert (judge.routing, judge.forced_tool, judge.sampling, len(judge.needs)) == (routing, forced, sampling, needs)
