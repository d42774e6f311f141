"""`estimate.json`: what a run is expected to cost."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field, model_validator

from tuner.artifacts.base import Artifact, Part
from tuner.artifacts.costs.amounts import approved_amount
from tuner.artifacts.costs.cost_items import LABELS, CostItemId, known_id
from tuner.artifacts.costs.ledger import PassedCeiling
from tuner.artifacts.evaluation.contestants import ContestantName
from tuner.core.artifact_keys import Keys


class CostItem(Part):
    """One line of an estimate or a bill. An item without a known price has no `unit_price_usd` and no `usd`.

    `quantity` and `usd` are what is expected; `at_most` and `at_most_usd` are the worst case. A bill has
    no worst case, and an estimate of an earlier version has none either.
    """

    id: CostItemId = Field(description="what is paid for")
    name: str = Field(description="label of `id`, for people")
    model: str | None = Field(None, description="of several judges or base models: the one that is paid")
    quantity: float | None = Field(None, description="null in a bill when the use is not known")
    unit: str | None = None
    unit_price_usd: float | None = None
    usd: float | None = None
    at_most: float | None = Field(None, description="the largest possible quantity, in an estimate")
    at_most_usd: float | None = Field(None, description="the cost of `at_most`; null when the price is unknown")
    source: str | None = Field(None, description="where the price is from, and its date")
    contestant: ContestantName | None = Field(None, description="of `compared_...` and `batch_...`: whose")
    counted: bool = Field(True, description="false in a bill for items whose use no step measures: as estimated")

    @property
    def key(self) -> str:
        """What tells the item from all others of its estimate: its id, and whose it is."""
        return item_key(self.id, self.model or self.contestant)

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, values: Any) -> Any:
        """Derives the label from the id, and the id from the label in artifacts of release 0.1.0."""
        if not isinstance(values, dict):
            return values
        if "name" not in values and values.get("id") in set(CostItemId):
            return {**values, "name": LABELS[CostItemId(values["id"])]}
        return {**values, "id": known_id(values.get("id"), str(values.get("name")))}


def item_key(item: CostItemId, model: str | None = None) -> str:
    """The key of an item; `model` names one of several judges."""
    return f"{item} {model}" if model else str(item)


class Rate(Part):
    """A price that the report's break-even needs; `usd` is None when it is not known."""

    item: str
    term: str | None = None
    usd: float | None = None
    source: str = ""


class SpendingLimits(Part):
    """What a run may cost at most: above `budget_usd` it is refused, above `approval_usd` (None: never) a person must
    approve.

    `ask_when_unknown`: a person must also approve when the price of any item is unknown. `longest_throughput_hours`:
    when the release schedule deletes the endpoint, so that it limits the cost of throughput.
    """

    budget_usd: float
    approval_usd: float | None = None
    ask_when_unknown: bool = False
    longest_throughput_hours: float = 0


class WorstCase(Part):
    """What a person approves: the worst case of the known items, and the largest quantity of each unknown one."""

    usd: float
    unknown: dict[str, float] = Field(
        default_factory=dict,
        description="by the keys of the items without a price",
    )

    def holds(self, other: WorstCase) -> bool:
        """Whether the other one is not larger in anything."""
        unknown = all(quantity <= self.unknown.get(item, -1) for item, quantity in other.unknown.items())
        return unknown and approved_amount(other.usd) <= approved_amount(self.usd)


class ChoiceEstimate(Part):
    """What a run costs if the candidate that it chooses has a certain base model.

    `total_usd` is the expected sum of the known items, `at_most_usd` that of their worst cases, rounded up to cents.
    """

    items: tuple[CostItem, ...]
    total_usd: float
    at_most_usd: float | None = Field(None, description="null in an estimate of an earlier version")
    unknown: tuple[str, ...] = Field((), description="labels of the items without a known price")
    rates: tuple[Rate, ...] = Field((), description="prices of serving, for the break-even; not part of the sum")


class Estimate(Artifact, SpendingLimits, ChoiceEstimate):
    """`estimate.json`. With candidates of several base models, it is that of the most expensive choice."""

    NAME: ClassVar[str] = Keys.ESTIMATE

    choices: dict[str, ChoiceEstimate] = Field(
        default_factory=dict,
        description="by base model, when the candidates have several: what the run costs if one of these is chosen",
        exclude_if=lambda choices: not choices,
    )
    warnings: tuple[str, ...] = Field((), description="warnings about the account and the settings")
    passed_ceilings: tuple[PassedCeiling, ...] = Field(
        (), description="ceilings of the month that the worst case would pass, so that a person must approve"
    )

    @property
    def worst_case_usd(self) -> float:
        """What the known items cost at most: the sum that is approved, and compared with budget and thresholds."""
        return approved_amount(self.total_usd if self.at_most_usd is None else self.at_most_usd)

    @property
    def worst_case(self) -> WorstCase:
        """The worst case, with the items that have no price."""
        unknown = {item.key: item.at_most or item.quantity or 0 for item in self.items if item.usd is None}
        return WorstCase(usd=self.worst_case_usd, unknown=unknown)

    def of_choice(self, base_model: str) -> Estimate:
        """The estimate with the items and prices of the choice of a candidate with this base model."""
        chosen = self.choices.get(base_model)
        return self.model_copy(update={**dict(chosen), "choices": {}}) if chosen else self

    def find(
        self, item: CostItemId, model: str | None = None, contestant: ContestantName | None = None
    ) -> CostItem | None:
        """The item with this id, of this judge if there are several, or of this contestant; None without one."""
        found = (entry for entry in self.items if (entry.id, entry.contestant) == (item, contestant))
        return next((entry for entry in found if model in (None, entry.model)), None)
