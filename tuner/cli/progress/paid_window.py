"""What is paid for by the hour: how long the window has been open, and what is alive right now."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tuner import approval
from tuner.artifacts.serving import EndpointKind, EndpointRecord
from tuner.aws.bedrock.endpoints import ModelDeployments, ProvisionedThroughputs
from tuner.cli.deployment import Deployment
from tuner.core.artifact_keys import Keys
from tuner.core.resource_names import resource_name
from tuner.core.times import iso, seconds_since
from tuner.reporting.formatting import duration, money, plural


@dataclass(frozen=True, slots=True)
class PaidWindow:
    """From the endpoint's creation to its release: the longest it can be billed for."""

    kind: EndpointKind
    opened: str
    closed: str | None
    hourly_usd: float | None

    @property
    def seconds(self) -> float:
        """How long it was, or has been so far, open."""
        return seconds_since(self.opened, dt.datetime.fromisoformat(self.closed) if self.closed else None)

    @property
    def usd(self) -> float | None:
        """What it costs at most: what is begun of an hour is counted whole, as in the estimate and the report."""
        return None if self.hourly_usd is None else self.hourly_usd * max(1, math.ceil(self.seconds / 3600))

    def sentence(self) -> str:
        """The window in one line."""
        state = "closed after" if self.closed else "open for"
        if self.kind == "on_demand":
            return f"{state} {duration(self.seconds)}; a deployment is billed per token, not by the hour"
        price = "price unknown" if self.usd is None else f"at most {money(self.usd)}"
        return f"{state} {duration(self.seconds)}, {price}"


def paid_window(deployment: Deployment, run_id: str) -> PaidWindow | None:
    """The run's paid window, or None before there is one."""
    folder = deployment.folder(run_id)
    data = folder.find(Keys.ENDPOINT)
    if data is None:
        return None
    endpoint = EndpointRecord.model_validate_json(data)
    hourly = _hourly(folder.find_json(Keys.ESTIMATE) or {}, endpoint.model_units or 1)
    return PaidWindow(endpoint.kind, endpoint.created_at, endpoint.released_at, hourly)


def live_throughput(deployment: Deployment, run_id: str | None = None) -> list[dict[str, Any]]:
    """The provisioned throughput and deployments that exist now, of one run or (None) of the whole deployment.

    By name alone: what lacks the deployment's tag, so that no release touches it, must be seen all the more.
    """
    name = resource_name(deployment.settings.name, run_id or "")
    found = [endpoint for kind in (ProvisionedThroughputs(), ModelDeployments()) for endpoint in kind.list(name)]
    return [
        {**asdict(endpoint), "created_at": iso(endpoint.created_at)}
        for endpoint in found
        if (endpoint.name == name if run_id else endpoint.name.startswith(name))
    ]


def estimated(made: Mapping[str, Any] | None) -> str:
    """What the whole run was estimated to cost, in words; empty before it was."""
    return f"{known(made['total_usd'], made['unknown'])}; the budget is {money(made['budget_usd'])}" if made else ""


def question(deployment: Deployment, run_id: str) -> str:
    """What the run waits for a person to say, and until when; empty before it has asked."""
    asked = approval.waiting(deployment.folder(run_id))
    return asked.sentence(run_id) if asked else ""


def known(total_usd: float | None, unknown: Sequence[str]) -> str:
    """A sum of money that says what it leaves out."""
    return money(total_usd) + (f" and {plural(len(unknown), 'unknown price')}" if unknown else "")


def _hourly(estimate: dict[str, Any], units: int) -> float | None:
    """By the estimate's own price of an hour, so that both say the same."""
    prices = [item["unit_price_usd"] for item in estimate.get("items", []) if item["name"] == "Provisioned throughput"]
    return prices[0] * units if prices and prices[0] is not None else None
