"""The shape of a report."""

from tuner.artifacts.report.dataset import Coverage, DatasetSummary
from tuner.artifacts.report.execution import (
    Approval,
    Bill,
    Epoch,
    Finding,
    Findings,
    Moment,
    Serving,
    Training,
    TrainingStep,
)
from tuner.artifacts.report.generated import Generated
from tuner.artifacts.report.report import SCHEMA_VERSION, Earlier, Failure, Models, NamedModel, Report, Status
from tuner.artifacts.report.scores import (
    Aggregate,
    Answer,
    Comparison,
    Correlation,
    Gate,
    Metric,
    People,
    Question,
)
from tuner.artifacts.verdict import Verdict

__all__ = [
    "SCHEMA_VERSION",
    "Aggregate",
    "Answer",
    "Approval",
    "Bill",
    "Comparison",
    "Correlation",
    "Coverage",
    "DatasetSummary",
    "Earlier",
    "Epoch",
    "Failure",
    "Finding",
    "Findings",
    "Gate",
    "Generated",
    "Metric",
    "Models",
    "Moment",
    "NamedModel",
    "People",
    "Question",
    "Report",
    "Serving",
    "Status",
    "Training",
    "TrainingStep",
    "Verdict",
]
