"""Settings that AWS or the first run would reject are rejected at synthesis, with one sentence each."""

from typing import Any

import pytest

from tuner import catalog
from tuner.core.errors import SettingsError
from tuner.settings import deployment_settings
from tuner.settings.deployment.checks import LARGEST_FOR_FUNCTIONS

HAIKU = "anthropic.claude-3-haiku-20240307-v1:0:200k"
LLAMA = "meta.llama3-3-70b-instruct-v1:0:128k"
LLAMA_IN_US_WEST_2 = "meta.llama3-2-1b-instruct-v1:0:128k"  # its first replacement cannot be tuned in us-east-1
WEST_JUDGE = "us.amazon.nova-pro-v1:0"
MODEL_ARN = "arn:aws:bedrock:us-east-1::foundation-model"
PRICE: dict[str, Any] = {"item": "input", "usd": 1, "source": "invoice"}
KEY = "arn:aws:kms:us-west-2:111122223333:key/12345678-1234-1234-1234-123456789012"


def refusals(**context: Any) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        deployment_settings(context)
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    ("context", "said"),
    [
        ({"base_model": "amazon.nova-micr-v1:0:128k"}, "Did you mean 'amazon.nova-micro-v1:0:128k'?"),
        ({"base_model": "amazon.nova-micro-v1:0"}, "customization needs 'amazon.nova-micro-v1:0:128k'"),
        ({"base_model": HAIKU}, "is past its end of life since 2026-09-10. Use one of: amazon.nova-micro-v1:0:128k"),
        ({"base_model": LLAMA}, "cannot be customized in us-east-1, only in us-west-2. In us-east-1: amazon.nova"),
        ({"base_model": LLAMA_IN_US_WEST_2}, "since 2026-07-07. Use one of: amazon.nova-micro-v1:0:128k."),
        ({"region": "US-EAST-1"}, "only in us-east-1, us-west-2. Did you mean 'us-east-1'?"),
        ({"region": "us-est-1"}, "only in us-east-1, us-west-2. Did you mean 'us-east-1'?"),
        ({"region": "eu-central-1"}, "no model can be customized in 'eu-central-1', only in us-east-1, us-west-2."),
        ({"judge_model": "us.amazon.nova-por-v1:0"}, "Did you mean 'us.amazon.nova-pro-v1:0'?"),
        ({"training_places": 20}, "22 places need at least 26 concurrent functions, and 10 are given. Set fewer"),
        ({"compared_models": ["us.amazon.nova-por-v1:0"]}, "compared_models: the catalog has no model"),
        (
            {"compared_models": ["arn:aws:bedrock:us-west-2::foundation-model/a.b"]},
            "is in us-west-2, but the deployment uses us-east-1",
        ),
        ({"judge_models": ["us.amazon.nova-por-v1:0"]}, "judge_models: the catalog has no judge"),
        ({"region": "us-west-2", "base_model": LLAMA, "judge_model": "amazon.nova-pro-v1:0"}, "cannot be used from"),
        ({"budget_usd": 100}, "approval_usd: 200 is above budget_usd, 100"),
        ({"monthly_usd": 400}, "monthly_usd_per_dataset: 500 is above monthly_usd, 400, and would have no effect."),
        ({"budget_usd": "NaN"}, "must be a finite number"),
        ({"budget_usd": 1e300}, "budget_usd: must be 1,000,000 or less"),
        ({"notification_emails": "me@example"}, "notification_emails.0: must be an e-mail address"),
        ({"notification_emails": "a@example.com,b c@example.com"}, "notification_emails.1: must be an e-mail address"),
        ({"training_polling.shortest": "900"}, "shortest (900) must not be more than longest (600)"),
        ({"vpc.subnet_ids": "subnet-12345678"}, "vpc.security_group_ids: is missing"),
        ({"vpc.subnet_ids": "my-subnet"}, "vpc.subnet_ids.0: must be a subnet's id"),
        ({"kms_key_arn": KEY}, "kms_key_arn: the key must be in us-east-1"),
        ({"kms_key_arn": "alias/mine"}, "kms_key_arn: must be the ARN of a KMS key"),
        ({"permissions_boundary": "two words"}, "permissions_boundary: must be the name or the ARN"),
        ({"tags.bedrock-tuner:run": "x"}, "the tag 'bedrock-tuner:run' is reserved"),
        ({"tags.AWS:x": "x"}, "the tag 'AWS:x' is reserved"),
        ({"tags.team": "équipe"}, "the tag 'team' must have"),
        ({"name": "Tuner"}, "name: must be 2 to 15 lowercase letters and digits, a letter first"),
        ({"target": "lokal"}, "Did you mean 'local'?"),
        ({"target": "AWS"}, "Did you mean 'aws'?"),
        ({"base_model": "amazon.titan-text-express-v1"}, "is past its end of life. Use one of: amazon.nova-micro"),
        ({"base_model": f"{MODEL_ARN}/amazon.nova-micro-v1:0"}, "Did you mean 'amazon.nova-micro-v1:0:128k'?"),
        ({"judge_model": "Auto"}, "Did you mean 'auto'?"),
        ({"judge_models": "auto"}, "judge_models: 'auto' is allowed in judge_model only"),
        ({"judge_model": "arn:aws:s3:::bucket"}, "is not the ARN of a foundation model or of an inference profile"),
        ({"judge_model": MODEL_ARN.replace("east-1", "west-2") + "/v.j-v9:0"}, "is in us-west-2, but the"),
        ({"budget_usd": True}, "budget_usd: must be a number; found true"),
        ({"approval_usd": "true"}, "approval_usd: must be a number; found true"),
        ({"retention_days": "true"}, "retention_days: must be a whole number; found true"),
        ({"training_polling.shortest": "true"}, "training_polling.shortest: must be a whole number; found true"),
        ({"notification_emails": "a@example.com,a@example.com"}, "'a@example.com' is given twice"),
        ({"vpc.subnet_ids": "subnet-12345678,subnet-12345678", "vpc.security_group_ids": "sg-12345678"}, "twice"),
        ({"permissions_boundary": "path/"}, "permissions_boundary: must be the name or the ARN"),
        ({"permissions_boundary": "grenz\u00fcbergang"}, "permissions_boundary: must be the name or the ARN"),
        ({"permissions_boundary": "arn:aws:iam::111122223333:role/x"}, "permissions_boundary: must be the name or"),
        ({"permissions_boundary": "arn:aws-cn:iam::111122223333:policy/x"}, "permissions_boundary: must be the name"),
        ({"tags": {"Team": "x", "team": "y"}}, "'Team' and 'team' are the same key to IAM"),
        ({"tags.team": "two\nlines"}, "the tag 'team' must have"),
        ({"bertscore_model": ""}, "bertscore_model: must not be empty"),
        ({"prices": [PRICE | {"model": "amazon.nova-micr-v1:0"}]}, "Did you mean 'amazon.nova-micro-v1:0'?"),
    ],
    ids=str,
)  # fmt: skip
def test_each_problem_has_one_sentence(context: dict[str, Any], said: str) -> None:
    (line,) = refusals(**context)
    assert said in line


def test_all_problems_are_reported_together() -> None:
    lines = refusals(base_model="x", judge_model="y", budget_usd=1, region="z", shard_size="many", nope=1, name="UP")
    assert len(lines) == 7


def test_a_wrong_key_causes_no_further_findings() -> None:
    """In an unknown Region nothing is known about models and judges."""
    assert len(refusals(region="mars-north-1")) == 1


@pytest.mark.parametrize("model", catalog.models(), ids=lambda model: model.id)
@pytest.mark.parametrize("region", ["us-east-1", "us-west-2"])
def test_every_model_can_be_the_default_in_its_regions(model: catalog.Model, region: str) -> None:
    context = {"base_model": model.id, "region": region, "judge_model": WEST_JUDGE}
    if region in model.regions and not model.retired:
        assert deployment_settings(context).base_model == model.id
    else:
        assert len(refusals(**context)) == 1


def test_the_local_cloud_accepts_models_past_their_end_of_life() -> None:
    assert deployment_settings({"target": "local", "base_model": HAIKU}).base_model == HAIKU


def test_a_judge_outside_the_catalog_can_be_given_by_arn() -> None:
    arn = f"{MODEL_ARN}/vendor.judge-v9:0"
    assert deployment_settings({"judge_model": arn}).judge_model == arn


def test_a_boundary_of_another_account_is_refused_when_the_account_is_known() -> None:
    own = {"permissions_boundary": "arn:aws:iam::111122223333:policy/own"}
    assert deployment_settings(own, "111122223333") == deployment_settings(own)
    with pytest.raises(SettingsError, match="must be in the account to deploy to, 444455556666, not in 1111"):
        deployment_settings(own, "444455556666")


@pytest.mark.parametrize("model", ["any", "amazon.nova-micro-v1:0", "anthropic.claude-sonnet-4-6"])
def test_a_price_names_its_model_by_the_id_for_invoking(model: str) -> None:
    assert deployment_settings({"prices": [PRICE | {"model": model}]}).prices[0].model == model


@pytest.mark.parametrize(
    "boundary", ["own", "path/name", "arn:aws:iam::aws:policy/PowerUserAccess", "arn:aws:iam::111122223333:policy/a/b"]
)
def test_a_boundary_is_a_name_or_an_arn(boundary: str) -> None:
    assert deployment_settings({"permissions_boundary": boundary}).permissions_boundary == boundary


def test_settings_too_long_for_the_environment_of_functions_are_refused() -> None:
    tags = {f"{number:03d}{'k' * 100}": "v" * 200 for number in range(20)}
    (line,) = refusals(tags=tags)
    assert f"has room for {LARGEST_FOR_FUNCTIONS}. Shorten the longest: tags" in line


def test_settings_that_functions_do_not_need_do_not_count() -> None:
    emails = tuple(f"{'x' * 60}{number}@example.com" for number in range(50))
    assert deployment_settings({"notification_emails": emails}).notification_emails == emails
