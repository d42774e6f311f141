"""What the account must offer before a run may cost anything."""

import datetime as dt

import pytest

from tests.doubles import manifest
from tuner import catalog
from tuner.aws.bedrock import FoundationModel
from tuner.errors import (
    AccessDeniedError,
    AwsError,
    EndpointFailedError,
    ModelUnavailableError,
    QuotaError,
    ThrottledError,
)
from tuner.preflight import check_run, tunable
from tuner.settings import InferenceSettings

NOVA, HAIKU = "amazon.nova-micro-v1:0:128k", "anthropic.claude-3-haiku-20240307-v1:0:200k"
LONG_AGO = dt.datetime(2026, 9, 10, tzinfo=dt.UTC)
JUDGE = "us.anthropic.claude-sonnet-4-6"


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
        self.asked: list[str] = []

    def foundation_model(self, model_id: str) -> FoundationModel | None:
        return self.model

    def ask(self, endpoint: str, question: str, system: str | None, inference: InferenceSettings) -> str:
        self.asked.append(endpoint)
        if self.judge:
            raise self.judge
        return "yes"

    def value(self, service: str, code: str) -> float | None:
        self.asked.append(f"{service}/{code}")
        return self.units


def test_the_accounts_answer_counts_not_the_catalogs() -> None:
    assert tunable(Account(), catalog.model(HAIKU), "us-east-1").name == "The model"


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
        (Account(active=False), NOVA, "no longer active"),
        (
            Account(active=False, end_of_life=dt.datetime(2099, 1, 1, tzinfo=dt.UTC)),
            NOVA,
            "legacy, ends on 2099-01-01, and takes no new customization",
        ),
        (Account(offered=False), NOVA, "not offered in eu-west-1.*last seen tunable in us-east-1"),
        (Account(customizations=("DISTILLATION",)), NOVA, "cannot be fine-tuned in eu-west-1.*us-east-1"),
    ],
)
def test_an_unavailable_model_says_why_and_what_to_use(account: Account, model: str, said: str) -> None:
    with pytest.raises(ModelUnavailableError, match=said):
        tunable(account, catalog.model(model), "eu-west-1")


@pytest.mark.parametrize(("units", "asked"), [(0, 1), (1, 2)])
def test_a_quota_that_is_too_small_is_found_before_the_training(units: float, asked: int) -> None:
    account = Account(units=units)
    with pytest.raises(QuotaError, match=f"may have {units} model units.*needs {asked}.*L-BE77399C"):
        check_run(account, account, account, manifest(model_units=asked), "us-east-1")


@pytest.mark.parametrize("settings", [{"serving": "on_demand"}, {"serving": "none"}])
def test_a_run_that_buys_no_throughput_needs_no_quota(settings: dict[str, str]) -> None:
    account = Account(units=0)
    check_run(account, account, account, manifest(**settings), "us-east-1")
    assert "bedrock/L-BE77399C" not in account.asked


def test_an_unknown_quota_keeps_no_run_from_trying() -> None:
    account = Account(units=None)
    check_run(account, account, account, manifest(), "us-east-1")
    assert account.asked == [JUDGE, "bedrock/L-BE77399C"]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (EndpointFailedError("no such profile"), ModelUnavailableError),
        (AwsError("the provided model identifier is invalid"), ModelUnavailableError),
        (AccessDeniedError("no access to the model"), AccessDeniedError),
        (ThrottledError("slow down"), ThrottledError),
    ],
)
def test_a_judge_that_cannot_be_asked_is_found_before_the_training(error: Exception, kind: type[Exception]) -> None:
    account = Account(judge=error)
    with pytest.raises(kind, match=str(error)):
        check_run(account, account, account, manifest(), "us-east-1")
    check_run(account, account, account, manifest(serving="none"), "us-east-1")
