"""Decides by the run's gate whether the tuned model may be used, marks the model, and tells whoever deploys next.

Calls: s3:ListBucket, s3:GetObject, s3:PutObject, kms:Decrypt, kms:GenerateDataKey, bedrock:TagResource,
events:PutEvents.
"""

from __future__ import annotations

from aws_lambda_powertools.metrics import MetricUnit

from lambdas.step import Environment, RunEvent, metrics, step
from tuner.aws.bedrock.control_plane import Bedrock
from tuner.aws.event_bus import put_event
from tuner.aws.s3.training_index import TrainingIndex
from tuner.evaluation.gate.apply import apply_gate

# Each decision counts 1 for itself and 0 for the others, so that a metric's average is its share.
_METRICS = {"accepted": "GateAccepted", "rejected": "GateRejected", "undecided": "GateUndecided"}


@step(RunEvent)
def handler(event: RunEvent, env: Environment) -> dict[str, str]:
    """The decision: accepted, rejected, undecided, or none without a gate."""
    uses = TrainingIndex(env.artifacts_bucket)
    decision: str = apply_gate(env.folder(event.run_id), Bedrock(), uses, put_event)["decision"]
    if decision in _METRICS:
        for value, name in _METRICS.items():
            metrics.add_metric(name, MetricUnit.Count, int(value == decision))
        metrics.add_metadata("run_id", event.run_id)
    return {"decision": decision}
