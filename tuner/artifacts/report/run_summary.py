"""`report/card.json`: a run's report in a few lines. Comparing and listing runs needs no more than this.

`runs/index.json` has the summaries of all runs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import ClassVar, Literal

from pydantic import Field

from tuner.artifacts.base import Artifact, Part
from tuner.artifacts.evaluation.gate import GateDecisionOrNone
from tuner.artifacts.evaluation.verdict import Verdict, VerdictValue
from tuner.core.artifact_keys import Keys

RunStatus = Literal["SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT"]


class MeasureMeans(Part):
    """The means of base and tuned model by one measure."""

    label: str | None
    better: str | None
    base: float | None
    tuned: float | None


class RunSummary(Artifact):
    """One run."""

    NAME: ClassVar[str] = Keys.REPORT_CARD

    run_id: str
    dataset: str | None
    status: RunStatus
    started_at: str | None
    ended_at: str
    verdict: Verdict
    gate: GateDecisionOrNone | None = None
    guard: VerdictValue | None = Field(
        None, description="what the guard questions show; null if the run asked none, and in release 0.1.0"
    )
    cost_usd: float | None = Field(
        None, description="the known part of the bill; null in release 0.1.0 and without a bill"
    )
    cost_at_most_usd: float | None = Field(
        None,
        description="`bill.at_most_usd` of the report: what the ledger counts; null like `cost_usd`",
    )
    unknown_prices: int | None = Field(None, description="items of the bill whose price is not known")
    base_model: str | None
    stand_ins: tuple[str, ...]
    questions: int
    questions_digest: str = Field(
        description="digest of the questions' ids: only runs with the same digest are compared"
    )
    scores: dict[str, MeasureMeans] = Field(description="by measure")


def questions_digest(ids: Iterable[str]) -> str:
    """The same for the same questions, in any order."""
    return hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest()[:16]
