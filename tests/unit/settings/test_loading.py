"""Settings are strict: every finding is reported, with a hint at the nearest valid name."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.core.errors import SettingsError
from tuner.core.strict_model import JsonObject
from tuner.settings import DeploymentSettings, Polling, RunSettings, deployment_settings, load, parse_document


def refused(model: type, values: dict) -> str:
    with pytest.raises(SettingsError) as caught:
        load(model, values, "run.yaml")
    return str(caught.value)


def test_every_key_has_a_default() -> None:
    assert load(RunSettings, {}, "run.yaml") == RunSettings()
    assert deployment_settings({}) == DeploymentSettings()


def test_an_unknown_key_names_the_nearest_valid_one() -> None:
    assert refused(RunSettings, {"base_modle": "x"}) == (
        "run.yaml: base_modle: there is no such key. Did you mean 'base_model'?"
    )


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("learning_rate", "Did you mean 'hyperparameters.learningRate'?"),
        ("learningRate", "Did you mean 'hyperparameters.learningRate'?"),
        ("epochs", "Did you mean 'hyperparameters.epochCount'?"),
        ("epoch_count", "Did you mean 'hyperparameters.epochCount'?"),
        ("batch_size", "Did you mean 'hyperparameters.batchSize'?"),
        ("max_tokens", "Did you mean 'inference.max_tokens' or 'judge.max_tokens'?"),
        ("count", "Did you mean 'generate.count'?"),
        ("servng", "Did you mean 'serving'?"),
        ("zzz", "Valid keys: base_model, "),
    ],
)
def test_an_unknown_key_names_the_place_where_it_belongs(key: str, hint: str) -> None:
    assert refused(RunSettings, {key: 1}).startswith(f"run.yaml: {key}: there is no such key. {hint}")


def test_an_unknown_key_inside_a_group_names_the_groups_keys() -> None:
    assert "inference.max_token: there is no such key. Did you mean 'max_tokens'?" in refused(
        RunSettings, {"inference": {"max_token": 3}}
    )
    assert "Valid keys: prompt, completion, records, ignore, minimum." in refused(RunSettings, {"fields": {"zzz": 1}})


def test_all_findings_are_reported_together() -> None:
    message = refused(RunSettings, {"nope": 1, "model_units": 0, "inference": {"temperature": 7}})
    assert len(message.splitlines()) == 3
    assert all(line.startswith("run.yaml: ") for line in message.splitlines())


def test_a_long_value_is_shortened_in_the_message() -> None:
    assert len(refused(RunSettings, {"model_units": "x" * 5000})) < 300


@pytest.mark.parametrize(
    ("text", "line"),
    [("a: b: c", 1), ("a: x\n bad: y", 2), ("a: [1,\nb: 2\n", 3), ("a: 1\nb: 2\na: 3", 3), ("[" * 1000, 1)],
)
def test_a_document_that_cannot_be_parsed_names_the_line(text: str, line: int) -> None:
    with pytest.raises(SettingsError, match=rf"run\.yaml, line {line}"):
        parse_document(text.encode(), "run.yaml")


def test_a_document_that_is_not_a_mapping_is_refused() -> None:
    with pytest.raises(SettingsError, match="not a list"):
        parse_document(b"- a\n- b", "run.yaml")


@pytest.mark.parametrize("text", ["", "   \n", "# only a comment\n"])
def test_an_empty_document_gives_the_defaults(text: str) -> None:
    assert parse_document(text.encode(), "run.yaml") == {}


def test_json_settings_name_the_line() -> None:
    with pytest.raises(SettingsError, match=r"run\.json, line 2"):
        parse_document(b'{"a": 1,\n b}', "run.json")


@given(st.text(max_size=200))
def test_any_text_gives_a_mapping_or_a_settings_error(text: str) -> None:
    try:
        assert isinstance(parse_document(text.encode(), "run.yaml"), dict)
    except SettingsError as error:
        assert "run.yaml, line" in str(error)


def test_the_context_of_the_cdk_is_ignored() -> None:
    context: dict[str, Any] = {
        "@aws-cdk/core:x": True,
        "aws:cdk:bundling-stacks": ["**"],
        "cdk-migrate": 1,
        "budget_usd": 400,
    }
    assert deployment_settings(context).budget_usd == 400


def test_an_unknown_context_key_is_an_error() -> None:
    with pytest.raises(SettingsError, match="Did you mean 'region'"):
        deployment_settings({"regoin": "us-east-1"})


def test_the_local_target_changes_only_waiting_times_and_ceilings() -> None:
    local, aws = deployment_settings({"target": "local"}), deployment_settings({})
    changed = {name for name in DeploymentSettings.model_fields if getattr(local, name) != getattr(aws, name)}
    waiting = {"quiet_seconds", "training_polling", "serving_polling", "unknown_prices"}
    assert changed == {"target", *waiting, "monthly_usd", "monthly_usd_per_dataset"}


def test_pauses_between_polls_grow_within_bounds() -> None:
    polling = Polling(shortest=30, longest=600, growth=0.1)
    waits = [polling.wait(waited) for waited in (0, 300, 3000, 6000, 18_000, 60_000)]
    assert waits == [30, 30, 300, 600, 600, 2000], "after a long time, a thirtieth of it"


def test_several_answers_to_a_question_need_a_temperature() -> None:
    given: JsonObject = {"evaluation": {"samples": 3}, "inference": {"temperature": 0.7}}
    assert load(RunSettings, given, "run.yaml").evaluation.samples == 3
    assert load(RunSettings, given, "run.yaml").for_guard().evaluation.samples == 1
    with pytest.raises(SettingsError, match=r"set inference\.temperature above 0, such as 0\.7"):
        load(RunSettings, {"evaluation": {"samples": 3}}, "run.yaml")
    for wrong in (0, 17):
        with pytest.raises(SettingsError, match=r"evaluation\.samples: must be"):
            load(RunSettings, {**given, "evaluation": {"samples": wrong}}, "run.yaml")
