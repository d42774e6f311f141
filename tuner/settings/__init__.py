"""The settings of a run (run.yaml) and of a deployment (cdk.json's context), as strict models."""

from tuner.core.strict_model import StrictModel
from tuner.settings.contestants import ComparedWith
from tuner.settings.deployment.cdk_context import deployment_settings, deployments
from tuner.settings.deployment.company import VpcSettings
from tuner.settings.deployment.settings import DeploymentSettings, Polling
from tuner.settings.documents import parse_document, read_document
from tuner.settings.evaluation import EvaluationSettings
from tuner.settings.gate import GateRule, Margin
from tuner.settings.loading import load
from tuner.settings.run import (
    BertScoreSettings,
    Commitment,
    FieldNames,
    GenerateSettings,
    InferenceSettings,
    JudgeSettings,
    RunSettings,
    Serving,
    ValidationSettings,
)

__all__ = [
    "BertScoreSettings",
    "Commitment",
    "ComparedWith",
    "DeploymentSettings",
    "EvaluationSettings",
    "FieldNames",
    "GateRule",
    "GenerateSettings",
    "InferenceSettings",
    "JudgeSettings",
    "Margin",
    "Polling",
    "RunSettings",
    "Serving",
    "StrictModel",
    "ValidationSettings",
    "VpcSettings",
    "deployment_settings",
    "deployments",
    "load",
    "parse_document",
    "read_document",
]
