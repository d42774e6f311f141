"""What a run asks for is checked against its deployment, all findings at once."""

from typing import Any

import pytest

from tuner.errors import CommitmentNotAllowedError, ModelUnavailableError, RunRefusedError, SettingsError
from tuner.intake.resolve import resolve
from tuner.settings import DeploymentSettings

DEPLOYMENT = DeploymentSettings(judge_models=("amazon.nova-pro-v1:0",), budget_usd=100)


def refused(document: dict[str, Any], deployment: DeploymentSettings = DEPLOYMENT) -> RunRefusedError:
    with pytest.raises(RunRefusedError) as caught:
        resolve(document, deployment)
    return caught.value


def test_what_a_run_leaves_out_comes_from_the_deployment_and_the_family() -> None:
    resolved = resolve({}, DEPLOYMENT)
    assert resolved.model.id == DEPLOYMENT.base_model
    assert resolved.judge_model == DEPLOYMENT.judge_model
    assert resolved.hyperparameters == {"epochCount": "2", "learningRate": "1e-05", "learningRateWarmupSteps": "10"}


def test_what_a_run_says_wins() -> None:
    resolved = resolve(
        {
            "base_model": "meta.llama3-3-70b-instruct-v1:0:128k",
            "judge": {"model": "amazon.nova-pro-v1:0"},
            "serving": "on_demand",
            "hyperparameters": {"epochCount": 7},
        },
        DEPLOYMENT,
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
        ({"base_model": "gpt-5"}, ModelUnavailableError, "cannot be tuned on Amazon Bedrock"),
        ({"base_model": "amazon.nova-micro-v1:0"}, ModelUnavailableError, "takes 'amazon.nova-micro-v1:0:128k'"),
        ({"commitment": "OneMonth"}, CommitmentNotAllowedError, "does not allow it.*it allows: none"),
        ({"judge": {"model": "other"}}, SettingsError, "judge.model: the deployment may not ask 'other'"),
        ({"budget_usd": 101}, SettingsError, "101 is over the deployment's 100"),
        (
            {"base_model": "meta.llama3-1-8b-instruct-v1:0:128k", "serving": "on_demand"},
            SettingsError,
            "Llama 3.1 8B Instruct cannot be deployed on demand",
        ),
    ],
)
def test_each_mistake_has_its_own_error_and_says_what_to_do(
    document: dict[str, Any], kind: type[RunRefusedError], said: str
) -> None:
    error = refused(document)
    assert type(error) is kind
    with pytest.raises(kind, match=said):
        raise error


def test_a_commitment_that_the_deployment_allows_is_taken() -> None:
    allowed = DeploymentSettings(commitments=("OneMonth",))
    assert resolve({"commitment": "OneMonth"}, allowed).settings.commitment == "OneMonth"
    assert isinstance(refused({"commitment": "SixMonths"}, allowed), CommitmentNotAllowedError)


def test_a_commitment_without_provisioned_throughput_is_a_mistake() -> None:
    allowed = DeploymentSettings(commitments=("OneMonth",))
    assert "goes with 'serving: provisioned'" in str(refused({"commitment": "OneMonth", "serving": "none"}, allowed))


def test_all_findings_come_at_once_also_beside_an_unknown_key() -> None:
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
