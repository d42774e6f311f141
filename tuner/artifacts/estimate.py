"""An estimate: its items, their sum, and what the sum means for the run."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Decision = Literal["proceed", "approve", "refuse"]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Item(_Model):
    """One line of an estimate. What has no known price has no `unit_price_usd` and no `usd`."""

    name: str
    quantity: float
    unit: str
    unit_price_usd: float | None
    usd: float | None
    source: str


class Rate(_Model):
    """A price that the report's break-even needs; `usd` is None when it is not known."""

    item: str
    term: str | None = None
    usd: float | None
    source: str


class Limits(_Model):
    """What a run may cost: over `budget_usd` it is refused, over `approval_usd` (None: never) a person is asked.

    `ask_when_unknown`: a person is asked too when the price of anything is not known, whatever the rest costs.
    """

    budget_usd: float
    approval_usd: float | None = None
    ask_when_unknown: bool = False


class Estimate(Limits):
    """`estimate.json`. `total_usd` is the sum of what is known; `unknown` names the rest.

    `rates` are prices of serving, which are no part of the sum; `warnings` what the account and the settings warn of.
    """

    items: tuple[Item, ...]
    total_usd: float
    unknown: tuple[str, ...]
    rates: tuple[Rate, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def decision(self) -> Decision:
        """Whether the run may go on, has to ask first, or costs too much."""
        if self.total_usd > self.budget_usd:
            return "refuse"
        over = self.approval_usd is not None and self.total_usd > self.approval_usd
        asks = self.approval_usd is not None and self.ask_when_unknown and bool(self.unknown)
        return "approve" if over or asks else "proceed"

    @property
    def reason(self) -> str:
        """The decision in words."""
        unknown = f" Unknown, and not counted: {', '.join(self.unknown)}." if self.unknown else ""
        return " ".join((f"{self._why()}{unknown}", *self.warnings))

    def _spent(self) -> str:
        """Generating data comes before the estimate, and is paid for when it is made."""
        generated = any(item.name.startswith("Generation") for item in self.items)
        return "Nothing has been spent on training or serving." if generated else "Nothing has been spent."

    def _why(self) -> str:
        total, budget = f"${self.total_usd:,.2f}", f"${self.budget_usd:,.2f}"
        if self.decision == "refuse":
            return (
                f"The run would cost about {total}: ${self.total_usd - self.budget_usd:,.2f} over its budget "
                f"of {budget}. {self._spent()} Use fewer records or epochs, a smaller model or "
                "'serving: on_demand', or raise 'budget_usd' in run.yaml or in the deployment's settings."
            )
        if self.decision == "proceed":
            return f"The run costs about {total}, within its budget of {budget}."
        if self.approval_usd is not None and self.total_usd > self.approval_usd:
            return (
                f"The run costs about {total}, within its budget of {budget}, but more than the "
                f"${self.approval_usd:,.2f} that need nobody's approval."
            )
        return f"What is known of the run's cost is {total}, within its budget of {budget}, but not every price is."
