"""Describes what a run pays for by the hour: the time since the endpoint's creation, and the endpoints that exist."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sized
from dataclasses import asdict, dataclass

from tuner import approval
from tuner.artifacts.costs.amounts import money, money_at_most
from tuner.artifacts.costs.cost_items import CostItemId
from tuner.artifacts.costs.estimate import Estimate
from tuner.artifacts.serving import EndpointKind, EndpointRecord
from tuner.aws.bedrock.endpoints import ModelDeployments, ProvisionedThroughputs
from tuner.aws.bedrock.resources import PaidResource
from tuner.cli.deployment import Deployment
from tuner.core.resource_names import resource_name
from tuner.core.strict_model import JsonObject
from tuner.core.times import begun_hours, iso, seconds_since
from tuner.core.wording import plural
from tuner.reporting.formatting import duration


@dataclass(frozen=True, slots=True)
class PaidWindow:
    """The time from the endpoint's creation to its release: the longest time that AWS can bill."""

    kind: EndpointKind
    opened: str
    closed: str | None
    hourly_usd: float | None

    @property
    def seconds(self) -> float:
        """The length of the window, until now if the endpoint has not been released."""
        return seconds_since(self.opened, dt.datetime.fromisoformat(self.closed) if self.closed else None)

    @property
    def usd(self) -> float | None:
        """The maximum cost. Begun hours count whole, as in the estimate and the report."""
        return None if self.hourly_usd is None else self.hourly_usd * begun_hours(self.seconds)

    def sentence(self) -> str:
        """The window in one line."""
        state = "closed after" if self.closed else "open for"
        if self.kind == "on_demand":
            return f"{state} {duration(self.seconds)}; a deployment is billed per token, not by the hour"
        price = "price unknown" if self.usd is None else f"at most {money_at_most(self.usd)}"
        return f"{state} {duration(self.seconds)}, {price}"


def paid_window(deployment: Deployment, run_id: str) -> PaidWindow | None:
    """The run's paid window, or None before there is one."""
    folder = deployment.folder(run_id)
    endpoint = folder.load_if_present(EndpointRecord)
    if endpoint is None:
        return None
    hourly = _hourly_usd(folder.load_if_present(Estimate), endpoint.model_units or 1)
    return PaidWindow(endpoint.kind, endpoint.created_at, endpoint.released_at, hourly)


def live_throughput(deployment: Deployment, run_id: str | None = None) -> list[PaidResource]:
    """The provisioned throughput and deployments that exist now, of one run or (None) of the whole deployment.

    They are found by name alone: an endpoint without the deployment's tag is not released automatically, so a person
    must see it.
    """
    name = resource_name(deployment.settings.name, run_id or "")
    found = [endpoint for kind in (ProvisionedThroughputs(), ModelDeployments()) for endpoint in kind.list(name)]
    return [endpoint for endpoint in found if (endpoint.name == name if run_id else endpoint.name.startswith(name))]


def resource_json(resource: PaidResource) -> JsonObject:
    """A resource for the output of `--json`."""
    until = resource.committed_until
    return {
        **asdict(resource),
        "created_at": iso(resource.created_at),
        "committed_until": iso(until) if until else None,
    }


def estimated(estimate: Estimate | None) -> str:
    """The estimated cost of the whole run, in words. Empty when there is no estimate yet."""
    if estimate is None:
        return ""
    most = "" if estimate.at_most_usd is None else f", at most {money_at_most(estimate.worst_case_usd)}"
    return f"{amount(estimate.total_usd, estimate.unknown)}{most}; the budget is {money(estimate.budget_usd)}"


def pending_approval(deployment: Deployment, run_id: str) -> str:
    """The approval that the run waits for, and until when. Empty when it has not asked for one."""
    request = approval.find_request(deployment.folder(run_id))
    return request.sentence(run_id) if request else ""


def amount(total_usd: float | None, unknown: Sized) -> str:
    """A sum of money, with the number of unknown prices that are not in it."""
    return money(total_usd) + and_unknown(unknown)


def and_unknown(prices: Sized) -> str:
    """The end of a sum: how many unknown prices are not in it."""
    return f" and {plural(len(prices), 'unknown price')}" if prices else ""


def _hourly_usd(estimate: Estimate | None, units: int) -> float | None:
    """The price of all model units for an hour, from the estimate, so that both show the same amount."""
    item = estimate.find(CostItemId.THROUGHPUT) if estimate else None
    return item.unit_price_usd * units if item and item.unit_price_usd is not None else None
