"""Settings of a deployment: the keys of cdk.json's context."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from tuner.catalog import default_judge
from tuner.catalog.encoders import PACKAGED, check_encoder
from tuner.core.strict_model import StrictModel
from tuner.settings.deployment.company import (
    Boundary,
    CompanyTags,
    EmailAddress,
    FunctionArn,
    KeyArn,
    ScorerName,
    VpcSettings,
)
from tuner.settings.deployment.polling import OF_SERVING, OF_TRAINING, Polling
from tuner.settings.deployment.prices import GivenPrice
from tuner.settings.loading import matching
from tuner.settings.run.settings import Commitment

# How the account's concurrent functions are shared, so that a release never waits behind runs. STARTERS is the minimum
# that Lambda accepts: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html#events-sqs-max-concurrency
STARTERS = 2
# Concurrent functions for events: releases, reports of stopped runs, and the queue for places.
SPARE = 2
# Parallel functions of a run share quotas that none of them knows: docs/decisions/0012-one-worker-for-500-questions.md
MOST_PER_RUN = 4


_STACK = "BedrockTuner"


class DeploymentSettings(StrictModel):
    """The settings of one deployment. They limit the settings of its runs."""

    target: Literal["aws", "local"] = Field("aws", description="where the stacks are deployed: AWS, or the local cloud")
    name: Annotated[str, matching("[a-z][a-z0-9]{1,14}", "2 to 15 lowercase letters and digits, a letter first")] = (
        Field("tuner", description="prefix of the names, and tag, of all resources")
    )
    region: str = Field("us-east-1", description="Region of the buckets, jobs and models")
    base_model: str = Field(
        "amazon.nova-micro-v1:0:128k", description="model id of the base model of runs that name none"
    )
    judge_model: str = Field(
        "auto",
        # The default depends on the Region, so the validator must see it too.
        validate_default=True,
        description="judge of runs that name none; auto selects a model of this Region that needs no subscription and "
        "no form ([models.md](models.md))",
    )
    judge_models: tuple[str, ...] = Field((), description="other judges that a run may name")
    compared_models: tuple[str, ...] = Field(
        (),
        description="other models that a run may name in compare_with, beside those that can be customized in the "
        "Region",
    )
    scorers: dict[ScorerName, FunctionArn] = Field(
        default_factory=dict,
        max_length=8,
        description="Lambda functions that a run may name as its scorer: ARN by name "
        "([tasks.md](tasks.md#your-own-scorer))",
    )
    bertscore_revision: Annotated[str, matching("[0-9a-f]{40}", "40 hexadecimal digits")] | None = Field(
        None, description="commit of the encoder on its model hub; by default that of the catalog"
    )
    bertscore_layer: int | None = Field(
        None, ge=1, le=48, description="hidden layer of the encoder; by default that of bert-score"
    )
    bertscore_model: str = Field(  # declared after the two settings that its check needs
        PACKAGED,
        min_length=1,
        description="encoder of BERTScore: a name in bert-score, or a folder ([evaluation.md](evaluation.md))",
    )
    commitments: tuple[Commitment, ...] = Field(
        (), description="commitment terms that a run may ask for; by default none"
    )
    budget_usd: float = Field(500, gt=0, le=1_000_000, description="what a run may cost at most, by its worst case")
    approval_usd: float | None = Field(
        200, ge=0, description="a run that can cost more waits for approval by a person; null never asks"
    )
    approval_hours: float = Field(24, gt=0, le=48, description="hours after which a run without approval ends")
    monthly_usd: float | None = Field(
        1000,
        gt=0,
        le=10_000_000,
        description="what all runs together may reserve and spend in a month before each further one waits for "
        "approval by a person; null sets no ceiling ([money.md](money.md#ceilings-of-a-month))",
    )
    monthly_usd_per_dataset: float | None = Field(
        500, gt=0, le=10_000_000, description="the same for the runs of one dataset; null sets no ceiling"
    )
    unknown_prices: Literal["ask", "proceed"] = Field(
        "ask", description="whether a run with an unknown price waits for approval"
    )
    prices: tuple[GivenPrice, ...] = Field(
        (),
        max_length=12,
        description="your own prices, which precede all others: item, model, term, usd, source ([money.md](money.md))",
    )
    longest_training_hours: float = Field(
        48, gt=0, le=168, description="a customization job that takes longer is stopped, and its run fails"
    )
    longest_throughput_hours: float = Field(
        2, gt=0, le=48, description="hours after which the release schedule deletes an endpoint"
    )
    longest_keep_hours: float = Field(0, ge=0, le=720, description="maximum of a run's keep_hours; 0 allows none")
    model_retention_days: int | None = Field(
        None, ge=1, le=3650, description="days until an unused custom model is deleted; by default never"
    )
    notification_emails: tuple[EmailAddress, ...] = Field(
        (),
        max_length=50,
        description="addresses that are notified when a run ends, waits for approval, or cannot start",
    )
    keep_data: bool = Field(True, description="whether buckets, key and table remain when the stack is deleted")
    retention_days: int = Field(90, ge=1, le=3650, description="days until old object versions and logs expire")
    quiet_seconds: int = Field(
        30, ge=1, le=300, description="seconds without an upload to the dataset's folder before its run starts"
    )
    account_concurrency: int = Field(
        10,
        ge=10,
        le=1_000_000,
        description="functions that this deployment may use at once, of the account's quota: 10 in a new account, and "
        "shared by teams; `tuner doctor` compares both "
        "([decision 22](decisions/0022-runs-wait-for-places.md))",
    )
    preparation_places: int = Field(
        2,
        ge=1,
        le=100,
        description="runs that are prepared at the same time, up to the estimate of their cost; the others wait",
    )
    training_places: int = Field(
        2,
        ge=1,
        le=100,
        description="runs that train, serve and score at the same time; the others wait. The account's quota of "
        "customization jobs is a limit too",
    )
    training_polling: Polling = OF_TRAINING
    serving_polling: Polling = OF_SERVING
    shard_size: int = Field(
        25, ge=1, le=500, description="questions per file of answers and per invocation of the scoring function"
    )
    answer_concurrency: int = Field(
        100, ge=1, le=256, description="maximum number of concurrent questions; throttling reduces it"
    )

    vpc: VpcSettings = VpcSettings()
    permissions_boundary: Boundary | None = Field(
        None,
        description="managed policy (name or ARN) that bounds every role; it must allow what the roles need",
    )
    kms_key_arn: KeyArn | None = Field(
        None, description="ARN of your own KMS key for buckets, logs and topic; by default the stack creates one"
    )
    tags: CompanyTags = Field(
        default_factory=dict, max_length=20, description="additional tags of all resources, by key"
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

    @property
    def stack_name(self) -> str:
        """`BedrockTuner`, followed by the deployment's name if it is not the default: deployments can coexist."""
        usual = DeploymentSettings.model_fields["name"].default
        return _STACK if self.name == usual else f"{_STACK}-{self.name}"

    @property
    def functions_per_run(self) -> int:
        """How many functions a run may use in parallel for answers and scores. Less than 1: the places are too many."""
        shared = self.account_concurrency - STARTERS - SPARE - self.preparation_places
        return min(MOST_PER_RUN, shared // self.training_places)

    def for_functions(self) -> str:
        """The settings for the functions' environment, as JSON: only values that differ from the defaults.

        Settings that no function reads are left out, because Lambda allows 4 KB for the whole environment.
        """
        return self.model_dump_json(exclude_defaults=True, exclude=_NOT_FOR_FUNCTIONS)


_NOT_FOR_FUNCTIONS = {
    "notification_emails",
    "keep_data",
    "permissions_boundary",
    "kms_key_arn",
    "quiet_seconds",
    "account_concurrency",
}
