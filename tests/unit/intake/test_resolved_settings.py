"""The settings of a run are checked against its deployment, and all errors are reported at once."""

import re
from typing import Any

import pytest

from tuner.core.errors import CommitmentNotAllowedError, ModelUnavailableError, RunRefusedError, SettingsError
from tuner.core.strict_model import Json
from tuner.intake.contestants import contestants
from tuner.intake.resolved_settings import resolve
from tuner.settings import DeploymentSettings, RunSettings

ARN = "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile"
SONNET, OPUS = "us.anthropic.claude-sonnet-4-6", "us.anthropic.claude-opus-5-5"

DEPLOYMENT = DeploymentSettings(judge_models=("amazon.nova-pro-v1:0",), budget_usd=100)

WEST = DEPLOYMENT.model_copy(update={"region": "us-west-2"})


def refused(document: dict[str, Any], deployment: DeploymentSettings = DEPLOYMENT) -> RunRefusedError:
    with pytest.raises(RunRefusedError) as caught:
        resolve(document, deployment)
    return caught.value


def test_missing_settings_come_from_the_deployment_and_the_model_family() -> None:
    resolved = resolve({}, DEPLOYMENT)
    assert resolved.model.id == DEPLOYMENT.base_model
    assert resolved.judge_model == DEPLOYMENT.judge_model
    assert resolved.hyperparameters == {"epochCount": "2", "learningRate": "0.00001"}


@pytest.mark.parametrize(
    ("entry", "name", "model"),
    [
        ("few_shot", "few_shot", None),
        ("amazon.nova-lite-v1:0", "nova-lite", "amazon.nova-lite-v1:0"),
        ({"model": "amazon.nova-micro-v1:0", "name": "micro"}, "micro", "amazon.nova-micro-v1:0"),
        ("us.anthropic.claude-sonnet-4-6", "claude-sonnet-4-6", "us.anthropic.claude-sonnet-4-6"),
        (f"{ARN}/9x8y7z", "model-9x8y7z", f"{ARN}/9x8y7z"),
    ],
)
def test_an_entry_of_compare_with_is_a_method_or_a_model_with_a_name(entry: Json, name: str, model: str | None) -> None:
    allowed = DEPLOYMENT.model_copy(update={"compared_models": ("us.anthropic.claude-sonnet-4-6", f"{ARN}/9x8y7z")})
    settings = resolve({"compare_with": [entry], "gate": {"correctness": {"better_than": name}}}, allowed).settings
    assert settings.compare_with
    (found,) = settings.compare_with
    assert (found.name, found.model) == (name, model)
    assert RunSettings.model_validate_json(settings.model_dump_json()) == settings
    *_, contestant = contestants(settings, has_documents=False)
    assert (contestant.name, contestant.kind, contestant.model) == (name, "model" if model else "few_shot", model)


def test_another_model_is_asked_with_the_parameters_that_it_accepts() -> None:
    settings = RunSettings.model_validate({"inference": {"max_tokens": 100, "temperature": 0.2, "top_p": 0.9}})
    found = {model: settings.for_model(model).inference for model in (None, "us.amazon.nova-pro-v1:0", SONNET, OPUS)}
    parameters = [(each.max_tokens, each.temperature, each.top_p) for each in found.values()]
    assert parameters == [(100, 0.2, 0.9), (100, 0.2, 0.9), (100, None, 0.9), (4196, None, None)]


def test_the_settings_of_the_run_take_precedence() -> None:
    resolved = resolve(
        {
            "base_model": "meta.llama3-3-70b-instruct-v1:0:128k",
            "judge": {"model": "amazon.nova-pro-v1:0"},
            "serving": "on_demand",
            "hyperparameters": {"epochCount": 7},
        },
        WEST,
    )
    assert resolved.model.name == "Llama 3.3 70B Instruct"
    assert resolved.judge_model == "amazon.nova-pro-v1:0"
    assert resolved.hyperparameters["epochCount"] == "7"


@pytest.mark.parametrize(
    ("document", "kind", "said"),
    [
        ({"epochs": 3}, SettingsError, "epochs: there is no such key"),
        ({"sytem_prompt": "x"}, SettingsError, "Did you mean 'system_prompt'"),
        ({"hyperparameters": {"epochCount": 6}}, SettingsError, "epochCount: must be from 1 to 5 for Nova Micro"),
        ({"hyperparameters": {"batchSize": 6}}, SettingsError, "Nova Micro has no such hyperparameter"),
        ({"base_model": "gpt-5"}, ModelUnavailableError, "cannot be customized on Amazon Bedrock"),
        ({"base_model": "amazon.nova-micro-v1:0"}, ModelUnavailableError, "needs 'amazon.nova-micro-v1:0:128k'"),
        ({"commitment": "OneMonth"}, CommitmentNotAllowedError, "does not allow it.*it allows: none"),
        ({"judge": {"model": "other"}}, SettingsError, "judge.model: the deployment is not allowed to use 'other'"),
        ({"judge": {"models": ["amazon.nova-pro-v1:0", "other"]}}, SettingsError, "judge.models: .* to use 'other'"),
        ({"judge": {"models": ["a", "a"]}}, SettingsError, "must name each entry once"),
        ({"judge": {"models": list("abcdef")}}, SettingsError, "judge.models: "),
        ({"judge": {"model": "a", "models": ["b"]}}, SettingsError, "judge: has both model and models"),
        ({"budget_usd": 101}, SettingsError, "101 exceeds the deployment's 100"),
        (
            {"compare_with": ["meta.llama3-3-70b-instruct-v1:0"]},
            SettingsError,
            "compare_with: the deployment is not allowed to ask 'meta.llama3-3.*or have it added to the deployment's "
            "'compared_models'",
        ),
        ({"compare_with": ["few_shots"]}, SettingsError, "there is no contestant 'few_shots'; did you mean 'few_shot'"),
        ({"compare_with": ["nova"]}, SettingsError, "or the id of a model, such as amazon.nova-pro-v1:0"),
        (
            {"compare_with": [{"model": "amazon.nova-lite-v1:0", "name": f"m{number}"} for number in range(13)]},
            SettingsError,
            "compare_with: must have 12 entries or fewer; found 13",
        ),
        ({"compare_with": ["base", "base"]}, SettingsError, "compare_with: 'base' is there twice; remove one"),
        (
            {"compare_with": ["amazon.nova-lite-v1:0", {"model": "amazon.nova-pro-v1:0", "name": "nova-lite"}]},
            SettingsError,
            "'nova-lite' is there twice",
        ),
        (
            {"compare_with": [{"model": "amazon.nova-lite-v1:0", "name": "tuned"}]},
            SettingsError,
            "means something else",
        ),
        ({"compare_with": [{"model": "amazon.nova-lite-v1:0", "name": "Nova"}]}, SettingsError, "small letter"),
        ({"compare_with": [{"name": "lite"}]}, SettingsError, "give the model of this contestant"),
        ({"compare_with": [{"modle": "amazon.nova-lite-v1:0"}]}, SettingsError, "Did you mean 'model'"),
        (
            {"compare_with": ["amazon.nova-lite-v1:0"], "gate": {"correctness": {"better_than": "nova-lit"}}},
            SettingsError,
            "there is no contestant 'nova-lit'; did you mean 'nova-lite'",
        ),
        (
            {"base_model": "meta.llama3-3-70b-instruct-v1:0:128k"},
            ModelUnavailableError,
            "can be tuned in us-west-2, and this deployment is in us-east-1. Tunable here: amazon.nova-micro",
        ),
    ],
)
def test_each_mistake_has_its_own_error_with_a_remedy(
    document: dict[str, Any], kind: type[RunRefusedError], said: str
) -> None:
    error = refused(document)
    assert type(error) is kind
    with pytest.raises(kind, match=said):
        raise error


def test_on_demand_needs_a_family_that_offers_it() -> None:
    error = refused({"base_model": "meta.llama3-1-8b-instruct-v1:0:128k", "serving": "on_demand"}, WEST)
    assert "serving: Llama 3.1 8B Instruct cannot be deployed on demand" in str(error)


def test_a_retired_model_is_not_refused_here() -> None:
    assert resolve({"base_model": "anthropic.claude-3-haiku-20240307-v1:0:200k"}, DEPLOYMENT).model.retired


def test_an_allowed_commitment_is_accepted() -> None:
    allowed = DeploymentSettings(commitments=("OneMonth",))
    gate = {"correctness": {"better_than": "base"}}
    settings = resolve({"commitment": "OneMonth", "gate": gate}, allowed).settings
    assert (settings.commitment, settings.serving) == ("OneMonth", "provisioned")
    assert isinstance(refused({"commitment": "SixMonths", "gate": gate}, allowed), CommitmentNotAllowedError)


def test_a_commitment_needs_a_gate() -> None:
    allowed = DeploymentSettings(commitments=("OneMonth",), longest_keep_hours=8)
    assert "the run has no gate" in str(refused({"commitment": "OneMonth"}, allowed))
    asked = {"commitment": "OneMonth", "gate": {"correctness": {"at_least": 5}}, "keep_hours": 1}
    assert "Remove one of the two" in str(refused(asked, allowed))


def test_auto_means_on_demand_if_the_family_offers_it() -> None:
    assert resolve({}, DEPLOYMENT).settings.serving == "on_demand"
    assert resolve({"serving": "auto"}, DEPLOYMENT).settings.serving == "on_demand"
    llama = {"base_model": "meta.llama3-1-8b-instruct-v1:0:128k", "serving": "auto"}
    assert resolve(llama, WEST).settings.serving == "provisioned"


def test_keep_hours_is_limited_by_the_deployment() -> None:
    allowed = DeploymentSettings(longest_keep_hours=8)
    assert resolve({"keep_hours": 8}, allowed).settings.keep_hours == 8
    assert "at most 8 hours" in str(refused({"keep_hours": 8.5}, allowed))
    assert "no hour" in str(refused({"keep_hours": 0.5}))
    assert "has no endpoint to keep" in str(refused({"keep_hours": 1, "serving": "none"}, allowed))


def test_a_commitment_needs_provisioned_throughput() -> None:
    allowed = DeploymentSettings(commitments=("OneMonth",))
    assert "the run has 'serving: none'" in str(refused({"commitment": "OneMonth", "serving": "none"}, allowed))


def test_errors_name_the_settings_file() -> None:
    with pytest.raises(RunRefusedError) as caught:
        resolve({"hyperparameters": {"epochCount": 9}, "base_model": "gpt-5", "serving": "x"}, DEPLOYMENT, "run.json")
    assert all(line.startswith("run.json: ") for line in str(caught.value).splitlines())


def test_all_errors_are_reported_at_once_even_with_an_unknown_key() -> None:
    error = refused(
        {
            "sytem_prompt": "x",
            "budget_usd": -1,
            "commitment": "OneMonth",
            "hyperparameters": {"epochCount": 9},
            "judge": {"model": "other"},
        }
    )
    assert type(error) is SettingsError
    for said in ("sytem_prompt", "budget_usd", "commitment", "epochCount", "judge.model"):
        assert sum(said in line for line in str(error).splitlines()) == 1, str(error)


def test_a_scorer_is_one_of_the_deployments() -> None:
    error = refused({"scorer": {"name": "check"}})
    assert "no scorer 'check' (it has: none)" in str(error)
    assert "the deployment's 'scorers'" in str(error)
    named = DEPLOYMENT.model_copy(update={"scorers": {"check": "arn:aws:lambda:us-east-1:111122223333:function:f"}})
    assert resolve({"scorer": {"name": "check"}}, named).settings.scorer.name == "check"
    assert "it has: check" in str(refused({"scorer": {"name": "chek"}}, named))


def candidates(*entries: dict[str, Any], **settings: Any) -> dict[str, Any]:
    return {"candidates": [{"hyperparameters": entry} for entry in entries], **settings}


def test_candidates_extend_the_hyperparameters_of_the_run() -> None:
    resolved = resolve(
        candidates({}, {"learningRate": 0.00005}, {"epochCount": 1}, hyperparameters={"epochCount": 4}), DEPLOYMENT
    )
    assert tuple(each.hyperparameters for each in resolved.candidates) == (
        {"epochCount": "4", "learningRate": "0.00001"},
        {"epochCount": "4", "learningRate": "0.00005"},
        {"epochCount": "1", "learningRate": "0.00001"},
    )
    assert [epochs for _, epochs in resolved.trainings] == [4, 4, 1]


def test_a_grid_makes_a_candidate_of_each_combination_in_the_order_of_its_lists() -> None:
    resolved = resolve(candidates({"epochCount": [1, 2], "learningRate": [0.00002, 0.00001]}), DEPLOYMENT)
    assert [tuple(each.hyperparameters.values()) for each in resolved.candidates] == [
        ("1", "0.00002"),
        ("1", "0.00001"),
        ("2", "0.00002"),
        ("2", "0.00001"),
    ]


MICRO, LITE = "amazon.nova-micro-v1:0:128k", "amazon.nova-lite-v1:0:300k"


def test_a_grid_has_base_models_too_and_the_first_candidates_is_that_of_the_run() -> None:
    grid: Json = {"base_model": [LITE, MICRO], "hyperparameters": {"epochCount": [1, 2]}}
    resolved = resolve({"candidates": [grid]}, DEPLOYMENT)
    trained = [(model.id, epochs) for model, epochs in resolved.trainings]
    assert trained == [(LITE, 1), (LITE, 2), (MICRO, 1), (MICRO, 2)]
    assert resolved.model.id == LITE
    assert resolve({"candidates": [{}, {"base_model": LITE}]}, DEPLOYMENT).model.id == MICRO


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        (
            [{"base_model": [MICRO, "amazon.nova-2-lite-v1:0:256k"]}],
            "Nova Micro and Nova 2 Lite are of different famil",
        ),
        ([{}, {"base_model": "amazon.nova-lit-v1:0:300k"}], f"candidates: base_model: .* Did you mean '{LITE}'"),
        (
            [{}, {"base_model": "meta.llama3-1-8b-instruct-v1:0:128k"}],
            "candidates: base_model: Llama 3.1 8B Instruct can",
        ),
        ([{}, {"base_model": MICRO}], "candidates 1 and 2 have the same base model and hyperparameters"),
        ([{"base_model": []}], "candidates.0.base_model"),
    ],
)
def test_base_models_that_cannot_be_chosen_between_are_refused(entries: list[dict[str, Any]], said: str) -> None:
    assert re.search(said, str(refused({"candidates": entries})))


def test_a_run_without_candidates_has_a_single_customization() -> None:
    resolved = resolve({}, DEPLOYMENT)
    assert (resolved.candidates, resolved.trainings) == ((), ((resolved.model, 2),))


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (candidates({}), "must make 2 to 8 candidates, and makes 1"),
        (candidates({"epochCount": [1, 2, 3], "learningRate": [0.00001, 0.00002, 0.00003]}), "and makes 9"),
        (candidates({"epochCount": []}, {}), "candidates.0.hyperparameters.epochCount"),
        (candidates({"epochCount": [1, True]}, {}), "epochCount must be a number or text, not true"),
        (candidates({"epochCount": 9}, {"epochs": 1}), "candidates.0: hyperparameters.epochCount: must be from 1 to 5"),
        (candidates({"epochCount": 9}, {"epochs": 1}), "candidates.1: hyperparameters.epochs: Nova Micro has no such"),
        (candidates({"epochCount": 2}, {}), "the candidates 1 and 2 have the same base model and"),
        (candidates({"learningRate": [0.00002, "0.00002"]}), "the candidates 1 and 2 have the same base model and"),
        ({"candidates": [{"epochCount": 1}, {}]}, "candidates.0.epochCount"),
    ],
)
def test_candidates_that_cannot_be_trained_are_refused(document: dict[str, Any], said: str) -> None:
    assert said in str(refused(document))


@pytest.mark.parametrize(
    ("document", "documents", "names"),
    [
        ({}, False, ("few_shot",)),
        ({}, True, ("few_shot", "retrieval")),
        ({"compare_with": ["base"]}, True, ()),
        ({"compare_with": []}, True, ()),
        ({"compare_with": ["retrieval"]}, False, ("retrieval",)),
        ({"serving": "none"}, True, ()),
    ],
)
def test_by_default_a_run_compares_with_examples_and_with_passages_of_documents(
    document: dict[str, Any], documents: bool, names: tuple[str, ...]
) -> None:
    found = contestants(resolve(document, DEPLOYMENT).settings, documents)
    assert tuple(each.name for each in found) == ("base", "tuned", *names)


def test_a_gate_can_name_the_contestant_that_is_always_compared_by_default() -> None:
    assert resolve({"gate": {"correctness": {"better_than": "few_shot"}}}, DEPLOYMENT).settings.gate
    without = {"compare_with": ["base"], "gate": {"correctness": {"better_than": "few_shot"}}}
    assert "'few_shot' is no contestant of the run; add it to compare_with" in str(refused(without))
