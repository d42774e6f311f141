"""The settings of a run (run.yaml) and of a deployment (cdk.json's context), as strict models."""

from tuner.core.strict_model import StrictModel
from tuner.settings.deployment.cdk_context import deployment_settings, deployments
from tuner.settings.deployment.company import VpcSettings
from tuner.settings.deployment.polling import Polling
from tuner.settings.deployment.settings import DeploymentSettings
from tuner.settings.loading import load
from tuner.settings.run.contestants import ComparedWith
from tuner.settings.run.evaluation import EvaluationSettings
from tuner.settings.run.fields import FieldNames
from tuner.settings.run.gate import GateRule, Margin
from tuner.settings.run.generation import GenerateSettings, ValidationSettings
from tuner.settings.run.inference import InferenceSettings
from tuner.settings.run.judge import BertScoreSettings, JudgeSettings
from tuner.settings.run.settings import Commitment, RunSettings, Serving
from tuner.settings.yaml_documents import parse_document, read_document

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
