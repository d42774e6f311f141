"""The shape of a report."""

from tuner.reporting.model.report import SCHEMA_VERSION, Earlier, Failure, Models, NamedModel, Report, Status
from tuner.reporting.model.scores import Aggregate, Answer, Comparison, Metric, Question, Value, Verdict, Which
from tuner.reporting.model.work import (
    Bill,
    CostItem,
    Epoch,
    Estimate,
    Finding,
    Findings,
    Moment,
    Serving,
    Training,
    TrainingStep,
)

__all__ = [
    "SCHEMA_VERSION",
    "Aggregate",
    "Answer",
    "Bill",
    "Comparison",
    "CostItem",
    "Earlier",
    "Epoch",
    "Estimate",
    "Failure",
    "Finding",
    "Findings",
    "Metric",
    "Models",
    "Moment",
    "NamedModel",
    "Question",
    "Report",
    "Serving",
    "Status",
    "Training",
    "TrainingStep",
    "Value",
    "Verdict",
    "Which",
]
