"""`approval/request.json` and `approval/answer.json`: a run that waits for the approval of its cost, and the answer."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, SecretStr, field_serializer

from tuner.artifacts.base import Artifact
from tuner.artifacts.costs.amounts import approved_amount, money, money_at_most
from tuner.core.artifact_keys import Keys

ApprovalDecision = Literal["approved", "rejected"]


class ApprovalRequest(Artifact):
    """`approval/request.json`: what the run waits for, and until when.

    `task_token` lets the state machine continue. It is stored only here: the run's folder is encrypted.
    """

    NAME: ClassVar[str] = Keys.APPROVAL

    asked_at: str
    expires_at: str
    estimated_usd: float
    at_most_usd: float | None = Field(None, description="null in a request of an earlier version")
    unknown: tuple[str, ...]
    again: bool = Field(False, description="whether a smaller worst case of this run was approved before")
    task_token: SecretStr

    @property
    def worst_case_usd(self) -> float:
        """The sum that is to be approved, rounded up to cents."""
        most = self.estimated_usd if self.at_most_usd is None else self.at_most_usd
        return approved_amount(most)

    def approve_command(self, run_id: str) -> str:
        """The command that approves this request. Of a second one, it names the sum: the first can be meant."""
        return f"tuner approve {run_id}" + (f" --at-most {self.worst_case_usd:.2f}" if self.again else "")

    def sentence(self, run_id: str) -> str:
        """What the run waits for, in one line."""
        more = " plus unknown prices" if self.unknown else ""
        most = money_at_most(self.worst_case_usd)
        cost = most if self.at_most_usd is None else f"{money(self.estimated_usd)}, at most {most}"
        return (
            f"waits until {self.expires_at} for approval of {cost}{more}: "
            f"{self.approve_command(run_id)}, or tuner reject {run_id}"
        )

    @field_serializer("task_token", when_used="json")
    def _write_the_token(self, token: SecretStr) -> str:
        # Pydantic would write asterisks, and the answer needs the token.
        return token.get_secret_value()


class ApprovalAnswer(Artifact):
    """`approval/answer.json`: the decision, and the ARN of the caller who made it."""

    NAME: ClassVar[str] = Keys.APPROVAL_ANSWER

    decision: ApprovalDecision
    by: str
    at: str
    reason: str = ""

    def sentence(self) -> str:
        """The answer in words."""
        why = f": {self.reason}" if self.reason else ""
        return f"{self.decision} by {self.by} at {self.at}{why}"
