"""The checks of the AWS account before a run spends anything."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest

from tests.doubles import manifest
from tuner import catalog
from tuner.artifacts.manifest import Manifest
from tuner.artifacts.preflight import Preflight
from tuner.aws.bedrock.model_access import ModelAccess
from tuner.aws.bedrock.resources import FoundationModel
from tuner.aws.bedrock.tool_call import Tool
from tuner.aws.quotas import Quota
from tuner.core.errors import (
    AccessDeniedError,
    AwsError,
    BudgetExceededError,
    ModelUnavailableError,
    QuotaError,
    SettingsError,
    ThrottledError,
)
from tuner.core.strict_model import Json
from tuner.costs.judge_usage import MOST_TEST_TOKENS, TOKEN_TESTS
from tuner.preflight import TOKEN_TEXTS, check_run, customizable_model, legacy_warning
from tuner.settings import DeploymentSettings

NOVA, HAIKU = "amazon.nova-micro-v1:0:128k", "anthropic.claude-3-haiku-20240307-v1:0:200k"
LONG_AGO = dt.datetime(2026, 9, 10, tzinfo=dt.UTC)
JUDGE = DeploymentSettings().judge_model
OTHER: dict[str, Any] = {"compare_with": ["amazon.nova-lite-v1:0"]}


class Account:
    """Bedrock's models and the quota of one account."""

    def __init__(
        self,
        active: bool = True,
        end_of_life: dt.datetime | None = None,
        customizations: tuple[str, ...] = ("FINE_TUNING",),
        offered: bool = True,
        units: float | None = 2,
        judge: Exception | None = None,
    ) -> None:
        self.judge = judge
        self.model = FoundationModel("id", "The model", active, end_of_life, customizations) if offered else None
        self.units = units
        self.agreement = "AVAILABLE"
        self.quotas: tuple[Quota, ...] = (
            Quota("L-1", "On-demand model inference requests per minute for Amazon Nova Pro", 25.0),
            Quota("L-2", "On-demand model inference tokens per minute for Amazon Nova Pro", 1e6),
            Quota("L-3", "Cross-region model inference requests per minute for Amazon Nova Pro", 500.0),
            Quota("L-4", "On-demand model inference requests per minute for Amazon Nova Pro 1M Context", 1.0),
        )
        self.asked: list[str] = []
        self.other_tokens = 0

    def foundation_model(self, model_id: str) -> FoundationModel | None:
        return self.model

    def ask(self, model: str, system: str, text: str, tool: Tool, inference: Mapping[str, Any]) -> None:
        self.asked.append(model)
        self.inference = dict(inference)
        if self.judge:
            raise self.judge

    def access(self, model_id: str) -> ModelAccess:
        return ModelAccess(True, True, True, self.agreement)

    def score(self, function: str, payload: Json, seconds: float) -> Json:
        self.asked.append(function)
        return []

    def count(self, endpoint: str, text: str) -> int:
        self.asked.append(f"tokens of {endpoint}")
        return len(text) + (self.other_tokens if "lite" in endpoint else 0)

    def all(self, service: str) -> tuple[Quota, ...]:
        return self.quotas

    def value(self, service: str, code: str) -> float | None:
        self.asked.append(f"{service}/{code}")
        return self.units


def run(account: Account, asked: Manifest) -> Preflight:
    return check_run(account, account, account.ask, account.access, account.score, account.count, asked, "us-east-1")


def test_the_answer_of_bedrock_precedes_the_catalog() -> None:
    assert customizable_model(Account(), catalog.model(HAIKU), "us-east-1").name == "The model"


@pytest.mark.parametrize(
    ("account", "model", "said"),
    [
        (
            Account(active=False, end_of_life=LONG_AGO),
            HAIKU,
            "past its end of life since 2026-09-10.*Use instead: amazon.nova",
        ),
        (Account(active=False), HAIKU, "past its end of life since 2026-09-10.*Use instead: amazon.nova"),
        (Account(offered=False), HAIKU, "past its end of life since 2026-09-10.*Use instead: amazon.nova"),
        (Account(active=False, end_of_life=LONG_AGO), NOVA, "past its end of life since 2026-09-10"),
        (Account(offered=False), NOVA, "not offered in eu-west-1.*can be customized in us-east-1"),
        (Account(customizations=("DISTILLATION",)), NOVA, "cannot be fine-tuned in eu-west-1.*us-east-1"),
    ],
)
def test_an_unavailable_model_is_refused_with_reason_and_replacement(account: Account, model: str, said: str) -> None:
    with pytest.raises(ModelUnavailableError, match=said):
        customizable_model(account, catalog.model(model), "eu-west-1")


@pytest.mark.parametrize(
    ("region", "said"),
    [("us-east-1", "amazon.nova-micro-v1:0:128k"), ("us-west-2", "meta.llama3-3-70b-instruct-v1:0:128k")],
)
def test_replacements_can_be_customized_in_the_region(region: str, said: str) -> None:
    with pytest.raises(ModelUnavailableError, match=rf"Use instead: {said}\.$"):
        customizable_model(Account(offered=False), catalog.model("meta.llama3-2-1b-instruct-v1:0:128k"), region)


@pytest.mark.parametrize(("units", "asked"), [(0, 1), (1, 2)])
def test_a_quota_that_is_too_small_is_refused(units: float, asked: int) -> None:
    account = Account(units=units)
    with pytest.raises(QuotaError, match=f"quota is {units} model units.*needs {asked}.*L-BE77399C"):
        run(account, manifest(model_units=asked))


@pytest.mark.parametrize("settings", [{"serving": "on_demand"}, {"serving": "none"}])
def test_a_run_without_throughput_does_not_check_its_quota(settings: dict[str, str]) -> None:
    account = Account(units=0)
    run(account, manifest(**settings))
    assert "bedrock/L-BE77399C" not in account.asked


def test_an_unknown_quota_is_accepted() -> None:
    account = Account(units=None)
    run(account, manifest())
    assert account.asked == [JUDGE, "bedrock/L-BE77399C", "bedrock/L-0406044C"]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (AwsError("the provided model identifier is invalid"), ModelUnavailableError),
        (AccessDeniedError("no access to the model"), AccessDeniedError),
        (ThrottledError("slow down"), ThrottledError),
    ],
)
def test_a_judge_that_fails_is_refused(error: Exception, kind: type[Exception]) -> None:
    account = Account(judge=error)
    with pytest.raises(kind, match=str(error)):
        run(account, manifest())
    run(account, manifest(serving="none"))
    run(account, manifest(task="classification"))
    with pytest.raises(kind, match=str(error)):
        run(account, manifest(task="classification", evaluation={"metrics": ["classification", "correctness"]}))


LITE = "amazon.nova-lite-v1:0"


def test_every_model_to_compare_with_is_asked_before_anything_is_paid() -> None:
    account = Account()
    run(account, manifest(compare_with=["few_shot", LITE]))
    assert account.asked[:2] == [JUDGE, LITE]
    with pytest.raises(
        AccessDeniedError, match=f"compare_with: access to '{LITE}' is denied.*Or remove 'nova-lite' from compare_with"
    ):
        run(Account(judge=AccessDeniedError("no marketplace subscription")), manifest(task="classification", **OTHER))
    with pytest.raises(ModelUnavailableError, match=f"compare_with: '{LITE}' does not respond"):
        run(Account(judge=AwsError("no such model")), manifest(task="classification", **OTHER))
    run(Account(judge=AwsError("no such model")), manifest(serving="none", **OTHER))


def test_a_model_to_compare_with_that_the_account_is_not_subscribed_to_is_not_asked() -> None:
    account = Account()
    account.agreement = "NOT_AVAILABLE"
    sonnet = "us.anthropic.claude-sonnet-4-6"
    with pytest.raises(AccessDeniedError, match=f"compare_with: this account is not subscribed to '{sonnet}'"):
        run(account, manifest(task="classification", compare_with=[sonnet]))
    assert sonnet not in account.asked


LEGACY: dict[str, Any] = {"active": False, "end_of_life": dt.datetime(2099, 1, 1, tzinfo=dt.UTC)}
LLAMA = "meta.llama3-1-8b-instruct-v1:0:128k"


def test_a_legacy_model_gives_a_warning_with_its_end_of_life() -> None:
    account = Account(**LEGACY)
    found = run(account, manifest(serving="on_demand"))
    assert found.warnings[0].startswith("Nova Micro is LEGACY: AWS ends it on 2099-01-01.")
    assert "no new provisioned throughput" in found.warnings[0]


def test_a_legacy_model_without_a_known_end_of_life_is_accepted() -> None:
    model = catalog.model(NOVA)
    found = customizable_model(Account(active=False), model, "us-east-1")
    assert "on a date that is not announced" in str(legacy_warning(model, found))


@pytest.mark.parametrize(
    ("model", "remedy"), [(NOVA, "Set 'serving: on_demand'"), (LLAMA, "cannot be deployed on demand either")]
)
def test_throughput_for_a_legacy_model_is_refused(model: str, remedy: str) -> None:
    account = Account(**LEGACY)
    with pytest.raises(ModelUnavailableError, match=f"AWS sells no new provisioned throughput.*{remedy}"):
        run(account, manifest(model))
    assert not account.asked
    run(account, manifest(model, serving="none"))


def test_the_quotas_of_the_judge_are_found_by_name() -> None:
    account = Account()
    found = run(account, manifest(serving="on_demand"))
    assert (found.judge_requests_per_minute, found.judge_tokens_per_minute) == (25.0, 1e6)
    profile = manifest(serving="on_demand", judge={"model": "us.amazon.nova-pro-v1:0"})
    assert run(account, profile).judge_requests_per_minute == 500.0


def test_every_judge_is_asked_and_has_its_quotas() -> None:
    account = Account()
    profile = "us.amazon.nova-pro-v1:0"
    found = run(account, manifest(serving="on_demand", judge={"models": [JUDGE, profile]}))
    assert account.asked[:2] == [JUDGE, profile]
    assert found.of_judge(JUDGE).judge_requests_per_minute == 25.0
    assert found.of_judge(profile).judge_requests_per_minute == 500.0


@pytest.mark.parametrize(
    ("judge", "sent"),
    [(JUDGE, {"maxTokens": 64, "temperature": 0.0}), ("us.anthropic.claude-opus-4-7", {"maxTokens": 64})],
)
def test_the_request_to_the_judge_has_only_supported_parameters(judge: str, sent: dict) -> None:
    account = Account()
    check_run(
        account,
        account,
        account.ask,
        account.access,
        account.score,
        account.count,
        manifest(serving="on_demand", judge={"model": judge}),
        "us-east-1",
    )
    assert account.inference == sent


CEILING = "With its test requests, the run could pass the deployment's ceiling of $10.00 for 2026-11 ('monthly_usd')."


@pytest.mark.parametrize(
    ("settings", "warned"),
    [({}, True), (OTHER, True), ({"serving": "none"}, False)],
)
def test_a_run_pays_for_no_test_request_when_a_ceiling_is_reached(settings: dict[str, Any], warned: bool) -> None:
    account = Account()
    asked = manifest(**{"serving": "on_demand"} | settings)

    def check(ceiling: str | None) -> tuple[bool, set[str]]:
        account.asked.clear()
        doubles = (account, account, account.ask, account.access, account.score, account.count)
        found = check_run(*doubles, asked, "us-east-1", ceiling)
        return any(not each.startswith("bedrock/") for each in account.asked), set(found.warnings)

    pays, before = check(None)
    assert pays == warned
    pays, after = check(CEILING)
    assert not pays
    assert before <= after
    assert [each.startswith(f"{CEILING} So no test request was paid for") for each in after - before] == [True] * warned


def test_no_scorer_is_tried_when_a_ceiling_is_reached() -> None:
    account = Account()
    doubles = (account, account, account.ask, account.access, account.score, account.count)
    asked = manifest(serving="on_demand", scorer={"name": "own"}).model_copy(update={"scorer_function": "arn:own"})
    with pytest.raises(SettingsError, match="'own' cannot score"):  # the scorer of this account returns nothing
        check_run(*doubles, asked, "us-east-1")
    account.asked.clear()
    assert check_run(*doubles, asked, "us-east-1", CEILING).warnings[0].startswith(CEILING)
    assert "arn:own" not in account.asked


def test_base_models_that_need_a_test_of_their_tokens_are_refused_when_a_ceiling_is_reached() -> None:
    account = Account()
    candidates: dict[str, Any] = {"candidates": [{"base_model": [NOVA, "amazon.nova-lite-v1:0:300k"]}]}
    doubles = (account, account, account.ask, account.access, account.score, account.count)
    with pytest.raises(
        BudgetExceededError, match=r"monthly_usd.*Use candidates of one base model, or raise the ceiling"
    ):
        check_run(*doubles, manifest(serving="none", **candidates), "us-east-1", CEILING)
    assert account.asked == []


def test_a_denied_judge_is_refused_with_the_remedy() -> None:
    denied = AccessDeniedError("not authorized to perform the required AWS Marketplace actions")
    account = Account(judge=denied)
    claude = manifest(serving="on_demand", judge={"model": "us.anthropic.claude-sonnet-4-6"})
    with pytest.raises(AccessDeniedError, match="aws-marketplace:Subscribe"):
        run(account, claude)


@pytest.mark.parametrize(
    ("judge", "said"),
    [
        ("us.anthropic.claude-sonnet-4-6", "use-case form"),
        ("mistral.new-model", "not in the catalog. It is assumed to support a request for JSON"),
    ],
)
def test_requirements_and_assumptions_about_a_judge_give_a_warning(judge: str, said: str) -> None:
    account = Account()
    asked = manifest(serving="on_demand", judge={"model": judge})
    assert any(said in warning for warning in run(account, asked).warnings)


def test_a_judge_without_subscription_is_refused_without_a_request() -> None:
    """A request would start a subscription that the function's role may not complete."""
    account = Account()
    account.agreement = "NOT_AVAILABLE"
    claude = manifest(serving="on_demand", judge={"model": "us.anthropic.claude-sonnet-4-6"})
    with pytest.raises(AccessDeniedError, match=r"not subscribed.*aws-marketplace:Subscribe"):
        run(account, claude)
    assert not account.asked
    run(account, manifest(serving="on_demand"))


def test_a_scorer_that_cannot_score_is_refused_before_the_judge_is_asked() -> None:
    asked = manifest(scorer={"name": "check"}).model_copy(update={"scorer_function": "arn:check"})
    account = Account()
    with pytest.raises(SettingsError, match="scorer: 'check' cannot score"):
        run(account, asked)
    assert account.asked == ["arn:check"]


def test_a_run_without_scores_does_not_ask_its_scorer() -> None:
    asked = manifest(serving="none", scorer={"name": "check"}).model_copy(update={"scorer_function": "arn:check"})
    account = Account()
    assert run(account, asked).customization_jobs == 2
    assert account.asked == ["bedrock/L-0406044C"]


TWO_BASE_MODELS: dict[str, Any] = {"candidates": [{"base_model": [NOVA, "amazon.nova-lite-v1:0:300k"]}]}


@pytest.mark.parametrize("serving", ["none", "on_demand"])
def test_base_models_that_split_text_into_different_tokens_are_refused(serving: str) -> None:
    account = Account()
    run(account, manifest(serving=serving, **TWO_BASE_MODELS))
    assert {each for each in account.asked if "tokens of" in each} == {
        "tokens of amazon.nova-micro-v1:0",
        "tokens of amazon.nova-lite-v1:0",
    }
    account.other_tokens = 1
    with pytest.raises(SettingsError, match=r"Nova Micro and Nova Lite split text into different tokens \(\d+ and \d+"):
        run(account, manifest(serving=serving, **TWO_BASE_MODELS))


def test_with_one_base_model_no_tokens_are_counted() -> None:
    account = Account()
    run(account, manifest(serving="on_demand", candidates=[{"hyperparameters": {"epochCount": [1, 2]}}]))
    assert not [each for each in account.asked if "tokens of" in each]


def test_each_request_that_counts_tokens_is_within_what_the_estimate_counts() -> None:
    assert len(TOKEN_TEXTS) == TOKEN_TESTS
    assert max(len(text.encode()) for text in TOKEN_TEXTS) < MOST_TEST_TOKENS / 2


def test_with_hurry_false_the_preflight_reads_the_minimum_number_of_records_of_a_batch_job() -> None:
    account = Account()
    account.quotas += (
        Quota("L-5", "Minimum number of records per batch inference job for Nova Micro V1", 100.0),
        Quota("L-6", "Minimum number of records per batch inference job for Nova Micro 2 V1", 5.0),
        Quota("L-7", "Minimum number of records per batch inference job for Claude Haiku 4.5", 50.0),
        Quota("L-9", "Minimum number of records per batch inference job for Nova Lite V1", 70.0),
        Quota("L-8", "Records per batch inference job for Nova Micro V1", 50_000.0),
    )
    compared = [
        "us.anthropic.claude-haiku-4-5-20251001-v1:0",
        "us.anthropic.claude-opus-5-5",
        "us.amazon.nova-lite-v1:0",
    ]
    asked = manifest(hurry=False, compare_with=["base", *compared])
    least = {"amazon.nova-micro-v1:0": 100, compared[0]: 50, compared[2]: 70}
    assert run(account, asked).batch_minimums == least
    assert run(account, manifest()).batch_minimums == {}
