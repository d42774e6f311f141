"""What the platform engineer decides once: the keys of cdk.json's context."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from tuner.catalog import default_judge
from tuner.settings.loading import StrictModel, load
from tuner.settings.prices import GivenPrice
from tuner.settings.run import Commitment


class Polling(StrictModel):
    """Seconds between two looks at something slow: a share of the time already waited, within bounds."""

    shortest: int = Field(ge=1, le=3600, description="seconds of the first wait")
    longest: int = Field(ge=1, le=3600, description="seconds of the longest wait")
    growth: float = Field(0.1, gt=0, le=1, description="share of the time waited so far")

    def wait(self, waited: float) -> int:
        """Seconds until the next look, after `waited` seconds."""
        return round(min(max(waited * self.growth, self.shortest), self.longest))


class DeploymentSettings(StrictModel):
    """One deployment. What it forbids, a run cannot ask for."""

    target: Literal["aws", "local"] = Field("aws", description="where the stacks go: AWS, or the cloud on a laptop")
    name: str = Field("tuner", pattern=r"^[a-z][a-z0-9]{1,14}$", description="prefix and tag of everything it makes")
    region: str = Field(
        "us-east-1", pattern=r"^[a-z]{2}(-[a-z]+)+-\d$", description="buckets, jobs and models are there"
    )
    base_model: str = Field("amazon.nova-micro-v1:0:128k", description="tuned when a run names none")
    judge_model: str = Field(
        "auto",
        validate_default=True,
        description="judges when a run names none; auto is a model of this Region that "
        "needs no subscription and no form (docs/models.md)",
    )
    judge_models: tuple[str, ...] = Field((), description="further judges that a run may name")
    bertscore_model: str = Field("roberta-large", description="encoder built into the scoring image")
    torch_index: str = Field(
        "", description="package index with CPU builds of torch, for a smaller scoring image; pytorch.org names one"
    )
    commitments: tuple[Commitment, ...] = Field((), description="terms a run may ask for; none unless named here")
    budget_usd: float = Field(500, gt=0, description="ceiling of a run's estimated cost")
    approval_usd: float | None = Field(
        200, ge=0, description="a run that costs more waits for a person's approval; null never asks"
    )
    approval_hours: float = Field(24, gt=0, le=48, description="a run that nobody approved by then ends by itself")
    unknown_prices: Literal["ask", "proceed"] = Field(
        "ask", description="whether a run waits for approval when the price of something it uses is not known"
    )
    prices: tuple[GivenPrice, ...] = Field(
        (),
        max_length=12,  # every function is given all settings, in the 4 KB that its environment may have
        description="prices that go before the packaged list's: item, model, term, usd, source (docs/money.md)",
    )
    longest_throughput_hours: float = Field(4, gt=0, le=48, description="the release switch fires after this long")
    longest_keep_hours: float = Field(0, ge=0, le=720, description="the most a run's keep_hours may be; 0 allows none")
    model_retention_days: int | None = Field(
        None, ge=1, le=3650, description="days until an unused custom model is deleted; absent keeps it until you do"
    )
    notification_emails: tuple[str, ...] = Field((), description="told of every run's end")
    keep_data: bool = Field(True, description="keep the buckets and the key when the stack is deleted")
    retention_days: int = Field(90, ge=1, le=3650, description="days until superseded object versions and logs expire")
    quiet_seconds: int = Field(30, ge=1, le=300, description="a dataset's folder must rest this long before its run")
    training_polling: Polling = Polling(shortest=60, longest=600)
    serving_polling: Polling = Polling(shortest=3, longest=10)
    shard_size: int = Field(25, ge=1, le=500, description="questions per file of answers and invocation of the scoring")
    answer_concurrency: int = Field(
        100, ge=1, le=256, description="questions asked at once, at most: how many is learned from what is throttled"
    )

    @field_validator("judge_model")
    @classmethod
    def _judge_of_the_region(cls, value: str, info: ValidationInfo) -> str:
        if value != "auto" or "region" not in info.data:
            return value
        if found := default_judge(info.data["region"]):
            return found.id
        raise ValueError(f"no model is known that judges in {info.data['region']} without a subscription; name one")

    @field_validator("notification_emails", "judge_models", "commitments", mode="before")
    @classmethod
    def _comma_separated(cls, value: Any) -> Any:
        """`-c key=a,b` on the command line can only give a text."""
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("prices", mode="before")
    @classmethod
    def _json(cls, value: Any) -> Any:
        """`-c prices='[...]'` on the command line can only give a text."""
        return json.loads(value) if isinstance(value, str) else value


# The only values that differ between AWS and the cloud on a laptop: waiting times, waiting for a person among them.
_LOCAL_WAITS: dict[str, Any] = {
    "unknown_prices": "proceed",
    "quiet_seconds": 2,
    "training_polling": {"shortest": 1, "longest": 3},
    "serving_polling": {"shortest": 1, "longest": 2},
}


def deployment_settings(context: Mapping[str, Any]) -> DeploymentSettings:
    """The settings in a CDK context.

    The CDK's own keys (`@aws-cdk/...`, `aws:cdk:...`) are passed over; any other unknown key is a SettingsError.
    """
    ours = {key: value for key, value in context.items() if not re.search(r"[@:/]|^cdk-", key)}
    waits = _LOCAL_WAITS if ours.get("target") == "local" else {}
    return load(DeploymentSettings, {**waits, **ours}, "cdk.json context")
