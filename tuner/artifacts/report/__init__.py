"""`report/report.json`: the models of the report itself. The parts that a stage wrote have the models of that stage."""

from tuner.artifacts.report.evaluation import Answer, EarlierRun, Question, ScoringDetails
from tuner.artifacts.report.execution import Approval, Bill, Generated, PairOrigin, ServingEndpoint, TimelineEvent
from tuner.artifacts.report.next_steps import ModelCall, NextStep, NextStepRule
from tuner.artifacts.report.report import Failure, Models, NamedModel, Report

__all__ = [
    "Answer",
    "Approval",
    "Bill",
    "EarlierRun",
    "Failure",
    "Generated",
    "ModelCall",
    "Models",
    "NamedModel",
    "NextStep",
    "NextStepRule",
    "PairOrigin",
    "Question",
    "Report",
    "ScoringDetails",
    "ServingEndpoint",
    "TimelineEvent",
]
