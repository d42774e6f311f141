"""Lists the paid resources of a deployment: which run created each, its age, its cost, and how long it is kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tuner import catalog
from tuner.artifacts.costs.amounts import money
from tuner.aws.bedrock.resources import PaidResource
from tuner.core.resource_names import Tags
from tuner.core.times import begun_hours, now, seconds_since
from tuner.costs.prices.price_list import PriceList
from tuner.serving.keep_endpoint import kept_until
from tuner.serving.paid_resources import Releasable, run_id_of

# Step Functions is eventually consistent: it may not know an execution that started a moment ago. A resource younger
# than this is not released because its execution is unknown
# (https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html).
_YOUNG = dt.timedelta(minutes=10)
_DELETE = {
    "batch": "aws bedrock stop-model-invocation-job --job-identifier",
    "training": "aws bedrock stop-model-customization-job --job-identifier",
    "provisioned": "aws bedrock delete-provisioned-model-throughput --provisioned-model-id",
    "on_demand": "aws bedrock delete-custom-model-deployment --custom-model-deployment-identifier",
}

# Dollars an hour of a resource; None when the price list has no price.
HourlyPrice = Callable[[PaidResource], float | None]
# Whether a running execution other than `run_id` uses a job: (job name, its tags, run_id).
UsedByOthers = Callable[[str, Mapping[str, str], str], bool]


@dataclass(frozen=True, slots=True)
class InventoryEntry:
    """A resource that exists. `named` and `tagged` say whether its name and its tag are this deployment's."""

    resource: PaidResource
    named: bool
    tagged: bool
    run_id: str | None
    hourly_usd: float | None
    kept_until: dt.datetime | None

    @property
    def ours(self) -> bool:
        """Whether a release may delete it: both its name and its tag are this deployment's."""
        return self.named and self.tagged

    @property
    def hours(self) -> float:
        """Hours since it was created."""
        return seconds_since(self.resource.created_at) / 3600

    @property
    def usd(self) -> float | None:
        """Upper bound of its cost so far: started hours since its creation. None when the price is unknown."""
        return None if self.hourly_usd is None else self.hourly_usd * begun_hours(self.hours * 3600)

    @property
    def expected(self) -> bool:
        """Whether somebody asked for it to exist now: it has a commitment, or a run keeps it."""
        kept = self.kept_until is not None and self.kept_until > now()
        return kept or is_committed(self.resource)


def inventory(
    kinds: Sequence[Releasable], deployment: str, longest_hours: float, price: HourlyPrice
) -> Iterator[InventoryEntry]:
    """The deployment's resources: by their name, by their tag, or by both. Reads the tags of the whole account's."""
    for kind in kinds:
        for resource in kind.list(""):
            tags = kind.tags(resource.arn)
            named, tagged = resource.name.startswith(f"{deployment}-"), tags.get(Tags.DEPLOYMENT) == deployment
            if named or tagged:
                yield InventoryEntry(
                    resource=resource,
                    named=named,
                    tagged=tagged,
                    run_id=run_id_of(resource, tags, deployment) if named else tags.get(Tags.RUN),
                    hourly_usd=price(resource),
                    kept_until=kept_until(tags, resource.created_at, longest_hours),
                )


def is_needed(
    status_of: Callable[[str], str | None],
    deployment: str,
    served_hours: float,
    longest_hours: float,
    used_by_others: UsedByOthers = lambda *_: False,
) -> Callable[[Releasable, PaidResource], bool]:
    """Returns the rule that decides which resources the sweep leaves alone.

    An endpoint is needed while its execution runs, for at most `served_hours` after its creation, so that an execution
    that hangs does not pay for ever. After that, it is needed while a running or successful run keeps it. A
    customization job is needed while any execution that uses it runs, and a batch job while its own one does.
    """

    def needed(kind: Releasable, resource: PaidResource) -> bool:
        tags, instant = kind.tags(resource.arn), now()
        run_id = run_id_of(resource, tags, deployment)
        status = status_of(run_id)
        if status is None and instant < resource.created_at + _YOUNG:
            return True
        if resource.is_job:
            return status == "RUNNING" or used_by_others(resource.name, tags, run_id)
        if status == "RUNNING" and instant < resource.created_at + dt.timedelta(hours=served_hours):
            return True
        # A run that failed or was stopped keeps nothing, whatever its tag says.
        if status not in {"RUNNING", "SUCCEEDED"}:
            return False
        until = kept_until(tags, resource.created_at, longest_hours)
        return until is not None and until > instant

    return needed


def is_committed(resource: PaidResource) -> bool:
    """Whether Bedrock would refuse to delete it: its commitment has not ended, or its end is not known yet."""
    if resource.commitment is None or resource.status == "Failed":
        return False
    return resource.committed_until is None or resource.committed_until > now()


def hourly_price(prices: PriceList) -> HourlyPrice:
    """Returns the price of a resource by the price list. Only provisioned throughput is paid for by the hour."""

    def of(resource: PaidResource) -> float | None:
        if resource.kind != "provisioned":
            return 0.0
        # Bedrock reports the base model by its id; the price list uses the id that is invoked.
        model = next((entry for entry in catalog.models() if entry.id == resource.base_model), None)
        invoked = model.invoke_id if model else str(resource.base_model)
        found = prices.find("throughput", invoked, resource.commitment or "hourly")
        return found.usd * (resource.model_units or 1) if found else None

    return of


def price_text(resource: PaidResource, hourly: float | None) -> str:
    """The price as the end of a sentence: `costs $132.00 an hour`."""
    if resource.kind == "on_demand":
        return "costs nothing while it is not invoked, but counts against the account's quota of deployments"
    if resource.kind == "training":
        return "is charged for every token that it trains with"
    if resource.kind == "batch":
        return "is charged for every record that it answers"
    if hourly is None:
        return "costs money by the hour (the price list has no price for it)"
    return f"costs {money(hourly)} an hour"


def delete_command(resource: PaidResource) -> str:
    """The AWS CLI command that deletes the endpoint or stops the job, with its Region."""
    region = resource.arn.split(":")[3]
    return f"{_DELETE[resource.kind]} {resource.arn} --region {region}"
