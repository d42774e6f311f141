"""What the platform engineer decides once: the keys of cdk.json's context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator

from tuner.catalog import default_judge
from tuner.catalog.encoders import PACKAGED, check_encoder
from tuner.core.errors import SettingsError
from tuner.core.strict_model import StrictModel
from tuner.settings import cdk_context as cdk_context
from tuner.settings.company import Boundary, CompanyTags, EmailAddress, KeyArn, VpcSettings
from tuner.settings.deployment_checks import problems
from tuner.settings.loading import every, matching
from tuner.settings.messages import sentences
from tuner.settings.prices import GivenPrice
from tuner.settings.run import Commitment

# Of the time waited: a week of training takes at most 340 looks, however short the waits are set.
LEAST_SHARE = 1 / 30


class Polling(StrictModel):
    """Seconds between two looks at something slow: a share of the time already waited, within bounds.

    Whatever the bounds, a wait is never less than a thirtieth of the time waited: an execution's history is limited.
    """

    shortest: int = Field(ge=1, le=3600, description="seconds of the first wait")
    longest: int = Field(ge=1, le=3600, description="seconds of the longest wait")
    growth: float = Field(0.1, gt=0, le=1, description="share of the time waited so far")

    @model_validator(mode="after")
    def _shortest_first(self) -> Polling:
        if self.shortest > self.longest:
            raise ValueError(f"shortest ({self.shortest}) must not be more than longest ({self.longest})")
        return self

    def wait(self, waited: float) -> int:
        """Seconds until the next look, after `waited` seconds."""
        return round(max(min(max(waited * self.growth, self.shortest), self.longest), waited * LEAST_SHARE))


class DeploymentSettings(StrictModel):
    """One deployment. What it forbids, a run cannot ask for."""

    target: Literal["aws", "local"] = Field("aws", description="where the stacks go: AWS, or the cloud on a laptop")
    name: Annotated[str, matching("[a-z][a-z0-9]{1,14}", "2 to 15 small letters and digits, a letter first")] = Field(
        "tuner", description="prefix and tag of everything it makes"
    )
    region: str = Field("us-east-1", description="buckets, jobs and models are there")
    base_model: str = Field("amazon.nova-micro-v1:0:128k", description="tuned when a run names none")
    judge_model: str = Field(
        "auto",
        validate_default=True,
        description="judges when a run names none; auto is a model of this Region that "
        "needs no subscription and no form (docs/models.md)",
    )
    judge_models: tuple[str, ...] = Field((), description="further judges that a run may name")
    bertscore_revision: Annotated[str, matching("[0-9a-f]{40}", "40 hexadecimal digits")] | None = Field(
        None, description="commit of the encoder on its model hub; absent takes the catalog's"
    )
    bertscore_layer: int | None = Field(
        None, ge=1, le=48, description="the encoder's hidden layer; absent takes bert-score's choice"
    )
    bertscore_model: str = Field(  # after the two that it is checked with
        PACKAGED,
        min_length=1,
        description="BERTScore's encoder: a name in bert-score, or a folder (docs/evaluation.md)",
    )
    commitments: tuple[Commitment, ...] = Field((), description="terms a run may ask for; none unless named here")
    budget_usd: float = Field(500, gt=0, le=1_000_000, description="ceiling of a run's estimated cost")
    approval_usd: float | None = Field(
        200, ge=0, description="a run that costs more waits for a person's approval; null never asks"
    )
    approval_hours: float = Field(24, gt=0, le=48, description="a run that nobody approved by then ends by itself")
    unknown_prices: Literal["ask", "proceed"] = Field(
        "ask", description="whether a run waits for approval when the price of something it uses is not known"
    )
    prices: tuple[GivenPrice, ...] = Field(
        (),
        max_length=12,
        description="prices that go before the packaged list's: item, model, term, usd, source (docs/money.md)",
    )
    longest_training_hours: float = Field(
        48, gt=0, le=168, description="a customization job that takes longer is stopped, and its run fails"
    )
    longest_throughput_hours: float = Field(4, gt=0, le=48, description="the release switch fires after this long")
    longest_keep_hours: float = Field(0, ge=0, le=720, description="the most a run's keep_hours may be; 0 allows none")
    model_retention_days: int | None = Field(
        None, ge=1, le=3650, description="days until an unused custom model is deleted; absent keeps it until you do"
    )
    notification_emails: tuple[EmailAddress, ...] = Field((), max_length=50, description="told of every run's end")
    keep_data: bool = Field(True, description="keep the buckets and the key when the stack is deleted")
    retention_days: int = Field(90, ge=1, le=3650, description="days until superseded object versions and logs expire")
    quiet_seconds: int = Field(30, ge=1, le=300, description="a dataset's folder must rest this long before its run")
    training_polling: Polling = Polling(shortest=60, longest=600)
    serving_polling: Polling = Polling(shortest=3, longest=10)
    shard_size: int = Field(25, ge=1, le=500, description="questions per file of answers and invocation of the scoring")
    answer_concurrency: int = Field(
        100, ge=1, le=256, description="questions asked at once, at most: how many is learned from what is throttled"
    )

    vpc: VpcSettings = VpcSettings()
    permissions_boundary: Boundary | None = Field(
        None, description="managed policy (name or ARN) that bounds every role; it must allow what the roles need"
    )
    kms_key_arn: KeyArn | None = Field(None, description="your own key for buckets, logs and topic; absent creates one")
    tags: CompanyTags = Field(
        default_factory=dict, max_length=20, description="further tags of everything, by their keys"
    )

    @field_validator("bertscore_model")
    @classmethod
    def _encoder_is_exact(cls, name: str, info: ValidationInfo) -> str:
        check_encoder(name, info.data.get("bertscore_revision"), info.data.get("bertscore_layer"))
        return name

    @field_validator("judge_model")
    @classmethod
    def _judge_of_the_region(cls, value: str, info: ValidationInfo) -> str:
        found = default_judge(info.data["region"]) if value == "auto" and "region" in info.data else None
        return found.id if found else value

    def for_functions(self) -> str:
        """The settings as functions are given them: what differs from the defaults, without what no function reads.

        Lambda allows 4 KB for a function's whole environment.
        """
        return self.model_dump_json(exclude_defaults=True, exclude=_NOT_FOR_FUNCTIONS)


_NOT_FOR_FUNCTIONS = {"notification_emails", "keep_data", "permissions_boundary", "kms_key_arn"}


# The only values that differ between AWS and the cloud on a laptop: waiting times, waiting for a person among them.
_LOCAL_WAITS: dict[str, Any] = {
    "unknown_prices": "proceed",
    "quiet_seconds": 2,
    "training_polling": {"shortest": 1, "longest": 3},
    "serving_polling": {"shortest": 1, "longest": 2},
}


def deployment_settings(context: Mapping[str, Any], account: str | None = None) -> DeploymentSettings:
    """The settings in a CDK context, checked as far as this machine can; `account` is where they go, if known.

    The CDK's own keys (`@aws-cdk/...`, `aws:cdk:...`) are passed over. Raises SettingsError with every finding at once.
    """
    waits = _LOCAL_WAITS if context.get("target") == "local" else {}
    values = cdk_context.values_of(DeploymentSettings, {**waits, **context})
    found: list[str] = []
    wrong: set[str] = set()
    try:
        settings = DeploymentSettings.model_validate(values)
    except ValidationError as error:
        found = sentences(DeploymentSettings, error.errors())
        wrong = {str(finding["loc"][0]) for finding in error.errors()}
        # The rest is checked as well, so that all findings come at once.
        settings = DeploymentSettings.model_validate({key: values[key] for key in values if key not in wrong})
    found += [problem.text for problem in problems(settings, account) if not wrong & set(problem.keys)]
    if found:
        raise SettingsError(every("cdk.json context", found))
    return settings
