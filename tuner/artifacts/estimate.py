"""`estimate.json`: what a run is expected to cost, and what that means for the run."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from tuner.artifacts.base import Artifact, Part
from tuner.artifacts.cost_items import GENERATION, LABELS, CostItemId, known_id
from tuner.core.artifact_keys import Keys

SpendingDecision = Literal["proceed", "approve", "refuse"]


class CostItem(Part):
    """One line of an estimate or a bill. An item without a known price has no `unit_price_usd` and no `usd`."""

    id: CostItemId = Field(description="what is paid for")
    name: str = Field(description="label of `id`, for people")
    quantity: float | None = Field(None, description="null in a bill when the use is not known")
    unit: str | None = None
    unit_price_usd: float | None = None
    usd: float | None = None
    source: str | None = Field(None, description="where the price is from, and its date")
    counted: bool = Field(True, description="false in a bill for items whose use no step measures: as estimated")

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, values: Any) -> Any:
        """Derives the label from the id, and the id from the label in artifacts of release 0.1.0."""
        if not isinstance(values, dict):
            return values
        if "name" not in values and values.get("id") in set(CostItemId):
            return {**values, "name": LABELS[CostItemId(values["id"])]}
        return {**values, "id": known_id(values.get("id"), str(values.get("name")))}


class Rate(Part):
    """A price that the report's break-even needs; `usd` is None when it is not known."""

    item: str
    term: str | None = None
    usd: float | None = None
    source: str = ""


class SpendingLimits(Part):
    """What a run may cost: above `budget_usd` it is refused, above `approval_usd` (None: never) a person must approve.

    `ask_when_unknown`: a person must also approve when the price of any item is unknown.
    """

    budget_usd: float
    approval_usd: float | None = None
    ask_when_unknown: bool = False


class Estimate(Artifact, SpendingLimits):
    """`estimate.json`. `total_usd` is the sum of the known items."""

    NAME: ClassVar[str] = Keys.ESTIMATE

    items: tuple[CostItem, ...]
    total_usd: float
    unknown: tuple[str, ...] = Field((), description="labels of the items without a known price")
    rates: tuple[Rate, ...] = Field((), description="prices of serving, for the break-even; not part of the sum")
    warnings: tuple[str, ...] = Field((), description="warnings about the account and the settings")

    def find(self, item: CostItemId) -> CostItem | None:
        """The item with this id, or None when the run does not pay for it."""
        return next((entry for entry in self.items if entry.id == item), None)

    @property
    def decision(self) -> SpendingDecision:
        """Whether the run may go on, needs approval, or costs too much."""
        if self.total_usd > self.budget_usd:
            return "refuse"
        asks = self.approval_usd is not None and self.ask_when_unknown and bool(self.unknown)
        return "approve" if self._over_approval or asks else "proceed"

    @property
    def reason(self) -> str:
        """The decision in sentences, with the unknown items and the warnings."""
        unknown = f" Unknown, and not counted: {', '.join(self.unknown)}." if self.unknown else ""
        return " ".join((f"{self._decision_sentence()}{unknown}", *self.warnings))

    @property
    def _over_approval(self) -> bool:
        return self.approval_usd is not None and self.total_usd > self.approval_usd

    def _decision_sentence(self) -> str:
        total, budget = f"${self.total_usd:,.2f}", f"${self.budget_usd:,.2f}"
        if self.decision == "refuse":
            return (
                f"The run would cost about {total}: ${self.total_usd - self.budget_usd:,.2f} over its budget "
                f"of {budget}. {self._spent_so_far()} Use fewer records or epochs, a smaller model or "
                "'serving: on_demand', or raise 'budget_usd' in run.yaml or in the deployment's settings."
            )
        if self.decision == "proceed":
            return f"The run costs about {total}, within its budget of {budget}."
        if self._over_approval:
            return (
                f"The run costs about {total}, within its budget of {budget}, but more than the "
                f"${self.approval_usd:,.2f} that need no approval."
            )
        return f"The known items cost {total}, within the run's budget of {budget}, but some prices are unknown."

    def _spent_so_far(self) -> str:
        """Validation data is generated before the estimate, and is paid for by then."""
        generated = any(item.id in GENERATION for item in self.items)
        return "Nothing has been spent on training or serving." if generated else "Nothing has been spent."
