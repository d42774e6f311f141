"""The shape of a report."""

from tuner.artifacts.report.dataset import Coverage, DatasetSummary
from tuner.artifacts.report.execution import (
    Approval,
    Bill,
    Finding,
    Findings,
    Moment,
    ServingEndpoint,
)
from tuner.artifacts.report.generated import Generated
from tuner.artifacts.report.report import Failure, Models, NamedModel, Report
from tuner.artifacts.report.scores import Answer, EarlierRun, Question, ScoringDetails

__all__ = [
    "Answer",
    "Approval",
    "Bill",
    "Coverage",
    "DatasetSummary",
    "EarlierRun",
    "Failure",
    "Finding",
    "Findings",
    "Generated",
    "Models",
    "Moment",
    "NamedModel",
    "Question",
    "Report",
    "ScoringDetails",
    "ServingEndpoint",
]
