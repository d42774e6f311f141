"""Brings up what will answer for the tuned model: provisioned throughput, or a custom model deployment.

Calls: s3:ListBucket, s3:GetObject, s3:PutObject, kms:Decrypt, kms:GenerateDataKey,
bedrock:ListProvisionedModelThroughputs, bedrock:ListCustomModelDeployments, bedrock:ListTagsForResource,
bedrock:CreateProvisionedModelThroughput, bedrock:CreateCustomModelDeployment, bedrock:TagResource.
"""

from __future__ import annotations

from typing import Any

from lambdas.step import Environment, RunEvent, step
from tuner.aws.endpoints import endpoints_of
from tuner.serving.purchase import purchase
from tuner.times import seconds_since


@step(RunEvent)
def handler(event: RunEvent, env: Environment) -> dict[str, Any]:
    folder = env.folder(event.run_id)
    manifest = folder.manifest()
    record = purchase(endpoints_of(manifest.settings.serving), folder, manifest, env.deployment.name)
    wait = env.deployment.serving_polling.wait(seconds_since(record.created_at))
    return {"endpoint_arn": record.arn, "wait_seconds": wait}
