"""Brings up what will answer for the tuned model: provisioned throughput, or a custom model deployment.

With `committed`, buys the throughput with the run's term instead, for a model that the gate has accepted.

Calls: s3:ListBucket, s3:GetObject, s3:PutObject, kms:Decrypt, kms:GenerateDataKey,
bedrock:ListProvisionedModelThroughputs, bedrock:ListCustomModelDeployments, bedrock:ListTagsForResource,
bedrock:CreateProvisionedModelThroughput, bedrock:CreateCustomModelDeployment, bedrock:TagResource.
"""

from __future__ import annotations

from typing import Any

from lambdas.step import Environment, RunEvent, step
from tuner.aws.bedrock.endpoints import endpoints_of
from tuner.aws.s3.endpoint_times import EndpointTimes
from tuner.core.times import seconds_since
from tuner.serving.polling import expected_seconds, next_look
from tuner.serving.purchase import commit, purchase


class PurchaseEvent(RunEvent):
    """`committed` is the second purchase of a run, after its gate."""

    committed: bool = False


@step(PurchaseEvent)
def handler(event: PurchaseEvent, env: Environment) -> dict[str, Any]:
    folder = env.folder(event.run_id)
    manifest = folder.manifest()
    endpoints = endpoints_of(manifest.settings.serving, env.deployment.tags)
    if event.committed:
        return {
            "endpoint_arn": commit(endpoints, folder, manifest, env.deployment.name, env.deployment.commitments).arn
        }
    expected = expected_seconds(EndpointTimes(env.artifacts_bucket), endpoints.kind, manifest.base_model)
    record = purchase(endpoints, folder, manifest, env.deployment.name, expected)
    wait = next_look(env.deployment.serving_polling, seconds_since(record.created_at), record.expected_seconds)
    return {"endpoint_arn": record.arn, "wait_seconds": wait}
