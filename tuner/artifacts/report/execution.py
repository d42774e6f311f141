"""The parts of a report about what the run did and what it cost."""

from __future__ import annotations

from pydantic import Field

from tuner.artifacts.approval import ApprovalAnswer, ApprovalDecision, ApprovalRequest
from tuner.artifacts.base import Part
from tuner.artifacts.costs.amounts import money, money_at_most
from tuner.artifacts.costs.estimate import CostItem
from tuner.artifacts.generated import GeneratedPair, GenerationFigures
from tuner.artifacts.serving import EndpointDetails
from tuner.core.run import DataRole


class ServingEndpoint(EndpointDetails):
    """The endpoint that answered for the tuned model, and how long it was paid for."""

    paid_seconds: float | None = Field(
        None, description="from creation to release; null for a deployment, which is billed by the token"
    )


class Approval(Part):
    """The request to approve the run's cost, and the answer. The task token is not included."""

    asked_at: str
    expires_at: str
    decision: ApprovalDecision | None = Field(None, description="null when nobody answered in time")
    by: str | None = Field(None, description="ARN of the caller who answered")
    at: str | None = None
    reason: str = ""

    @classmethod
    def of(cls, request: ApprovalRequest, answer: ApprovalAnswer | None) -> Approval:
        """The two artifacts as one part of the report."""
        answered = answer.model_dump(exclude={"schema_version"}) if answer else {}
        return cls(asked_at=request.asked_at, expires_at=request.expires_at, **answered)

    @property
    def sentence(self) -> str:
        """The result in words."""
        if self.decision is None:
            return f"asked for, with no answer by {self.expires_at}"
        return f"{self.decision} by {self.by} at {self.at}{f': {self.reason}' if self.reason else ''}"


class Bill(Part):
    """What the run used, at the prices of its estimate. AWS's own bill can differ."""

    items: tuple[CostItem, ...] = ()
    total_usd: float | None = Field(None, description="what was measured and has a price")
    at_most_usd: float | None = Field(
        None,
        description="what the ledger of the month counts: lost replies, and what was not measured, with their worst "
        "case; null if the report is incomplete, and in those of release 0.1.0",
    )
    unknown: tuple[str, ...] = Field((), description="items whose use or price is not known")
    not_measured: tuple[str, ...] = Field((), description="of these, the items whose price is known")

    @property
    def unpriced(self) -> tuple[str, ...]:
        """The items without a known price."""
        return tuple(name for name in self.unknown if name not in self.not_measured)

    @property
    def sentence(self) -> str:
        """The cost in words: what was measured, the upper limit where that is more, and what is not known."""
        cost = money(self.total_usd)
        if self.at_most_usd is not None and money_at_most(self.at_most_usd) != money_at_most(self.total_usd):
            cost += f" measured, at most {money_at_most(self.at_most_usd)}"
        if self.not_measured:
            cost += f"; not measured: {', '.join(self.not_measured)}"
        return cost + (f"; without a known price: {', '.join(self.unpriced)}" if self.unpriced else "")


class PairOrigin(GeneratedPair):
    """A generated pair, and the data that it is part of."""

    role: DataRole = "validation"


class Generated(GenerationFigures):
    """Data that a model wrote from documents, with the passage that each pair comes from."""

    origins: tuple[PairOrigin, ...] = Field((), description="every pair, in the order of the generated files")


class TimelineEvent(Part):
    """Something that happened in the run. Without `ended_at` it took no measured time."""

    name: str
    started_at: str
    ended_at: str | None = None
    paid: bool = Field(False, description="paid for by the hour while it lasts")
