"""Applies the run's gate: decides whether the tuned model is accepted, tags the model and publishes the decision.

Calls: s3:ListBucket, s3:GetObject, s3:PutObject, kms:Decrypt, kms:GenerateDataKey, bedrock:TagResource,
events:PutEvents.
"""

from __future__ import annotations

from aws_lambda_powertools.metrics import MetricUnit

from lambdas.step import Environment, RunEvent, StepResult, metrics, step
from tuner.artifacts.evaluation.gate import GateDecisionOrNone
from tuner.aws.bedrock.control_plane import Bedrock
from tuner.aws.event_bus import put_event
from tuner.aws.s3.training_index import TrainingIndex
from tuner.evaluation.gate.apply import apply_gate

# Each decision counts 1 for itself and 0 for the others, so that the average of a metric is the share of the decision.
_METRICS = {"accepted": "GateAccepted", "rejected": "GateRejected", "undecided": "GateUndecided"}


class Decision(StepResult):
    """What the gate decided; none when the run has no gate."""

    decision: GateDecisionOrNone


@step(RunEvent)
def handler(event: RunEvent, env: Environment) -> Decision:
    """Emits a metric for each decision."""
    uses = TrainingIndex(env.artifacts_bucket)
    decision = apply_gate(env.folder(event.run_id), Bedrock(), uses, put_event).decision
    if decision in _METRICS:
        # Also zeros, so that each of the three lines of the dashboard has data on every day with a gate.
        for value, name in _METRICS.items():
            metrics.add_metric(name, MetricUnit.Count, int(value == decision))
        metrics.add_metadata("run_id", event.run_id)
    return Decision(decision=decision)
