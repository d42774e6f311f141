"""What is alive: whose it is, since when, at what cost, and until when."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tuner import catalog
from tuner.aws.bedrock.resources import PaidResource
from tuner.core.resource_names import Tags
from tuner.core.times import seconds_since
from tuner.costs.prices import PriceList
from tuner.serving.endpoints import Releasable, run_of
from tuner.serving.retention import kept_until

# So long after its creation, an execution that Step Functions does not know is believed not to exist: its answers are
# eventually consistent (https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html).
_YOUNG = dt.timedelta(minutes=10)
_DELETE = {
    "training": "aws bedrock stop-model-customization-job --job-identifier",
    "provisioned": "aws bedrock delete-provisioned-model-throughput --provisioned-model-id",
    "on_demand": "aws bedrock delete-custom-model-deployment --custom-model-deployment-identifier",
}


@dataclass(frozen=True, slots=True)
class Alive:
    """An endpoint that exists. `named` and `tagged` say whether its name and its tag are this deployment's."""

    endpoint: PaidResource
    named: bool
    tagged: bool
    run_id: str | None
    hourly_usd: float | None
    kept_until: dt.datetime | None

    @property
    def ours(self) -> bool:
        """Only what is ours by both is ever released."""
        return self.named and self.tagged

    @property
    def hours(self) -> float:
        """Since it was created."""
        return seconds_since(self.endpoint.created_at) / 3600

    @property
    def usd(self) -> float | None:
        """What it cost so far, at most: begun hours since its creation; None when the price is unknown."""
        return None if self.hourly_usd is None else self.hourly_usd * max(1, math.ceil(self.hours))

    @property
    def expected(self) -> bool:
        """Whether somebody wanted it to be there at this hour: it has a term, or is kept."""
        kept = self.kept_until is not None and self.kept_until > dt.datetime.now(dt.UTC)
        return kept or stays_for_its_term(self.endpoint)


def alive(
    kinds: Sequence[Releasable], deployment: str, longest_hours: float, price: Callable[[PaidResource], float | None]
) -> Iterator[Alive]:
    """What exists of this deployment: by its name, by its tag, or by both. Reads the tags of the whole account's."""
    for kind in kinds:
        for endpoint in kind.list(""):
            tags = kind.tags(endpoint.arn)
            named, tagged = endpoint.name.startswith(f"{deployment}-"), tags.get(Tags.DEPLOYMENT) == deployment
            if named or tagged:
                yield Alive(
                    endpoint=endpoint,
                    named=named,
                    tagged=tagged,
                    run_id=run_of(endpoint, tags, deployment) if named else tags.get(Tags.RUN),
                    hourly_usd=price(endpoint),
                    kept_until=kept_until(tags, endpoint.created_at, longest_hours),
                )


def is_needed(
    status_of: Callable[[str], str | None],
    deployment: str,
    served_hours: float,
    longest_hours: float,
    used_by_others: Callable[[str, Mapping[str, str], str], bool] = lambda *_: False,
) -> Callable[[Releasable, PaidResource], bool]:
    """What the sweep leaves alone: what a running or successful run keeps, until its time, and before that whatever a
    running execution has had for no longer than `served_hours`: one that hangs does not pay for ever. A customization
    job is left alone as long as any execution that uses it is running.
    """

    def needed(kind: Releasable, endpoint: PaidResource) -> bool:
        tags, now = kind.tags(endpoint.arn), dt.datetime.now(dt.UTC)
        run_id = run_of(endpoint, tags, deployment)
        status = status_of(run_id)
        if status is None and now < endpoint.created_at + _YOUNG:
            return True
        if endpoint.kind == "training":
            return status == "RUNNING" or used_by_others(endpoint.name, tags, run_id)
        if status == "RUNNING" and now < endpoint.created_at + dt.timedelta(hours=served_hours):
            return True
        if status not in {"RUNNING", "SUCCEEDED"}:
            return False
        until = kept_until(tags, endpoint.created_at, longest_hours)
        return until is not None and until > now

    return needed


def stays_for_its_term(endpoint: PaidResource) -> bool:
    """Whether Bedrock would refuse to delete it: bought for a term that has not ended, or is not known yet."""
    if endpoint.commitment is None or endpoint.status == "Failed":
        return False
    return endpoint.committed_until is None or endpoint.committed_until > dt.datetime.now(dt.UTC)


def hourly_usd(prices: PriceList) -> Callable[[PaidResource], float | None]:
    """Dollars an hour by the price list, None where it has no price; only throughput is paid for by the hour."""

    def of(endpoint: PaidResource) -> float | None:
        if endpoint.kind != "provisioned":
            return 0.0
        model = next((entry for entry in catalog.models() if entry.id == endpoint.base_model), None)
        named = model.invoke_id if model else str(endpoint.base_model)
        found = prices.find("throughput", named, endpoint.commitment or "hourly")
        return found.usd * (endpoint.model_units or 1) if found else None

    return of


def price_in_words(endpoint: PaidResource, hourly: float | None) -> str:
    """As a sentence goes on after its subject: `costs $132.00 an hour`."""
    if endpoint.kind == "on_demand":
        return "costs nothing while nobody asks it, and takes one of the account's places"
    if endpoint.kind == "training":
        return "is charged for every token that it trains with"
    if hourly is None:
        return "costs money by the hour (the price list does not know how much)"
    return f"costs ${hourly:,.2f} an hour"


def delete_command(endpoint: PaidResource) -> str:
    """The AWS CLI's command that ends it, in its Region whatever the shell's is."""
    region = endpoint.arn.split(":")[3]
    return f"{_DELETE[endpoint.kind]} {endpoint.arn} --region {region}"
