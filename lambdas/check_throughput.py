"""Says whether the tuned model can be asked yet; how long it took is remembered for later runs.

Calls: s3:ListBucket, s3:GetObject, s3:PutObject, kms:Decrypt, kms:GenerateDataKey,
bedrock:GetProvisionedModelThroughput, bedrock:GetCustomModelDeployment.
"""

from __future__ import annotations

from typing import Any

from lambdas.step import Environment, RunEvent, step
from tuner.aws.bedrock.endpoints import endpoints_of
from tuner.aws.s3.endpoint_times import EndpointTimes
from tuner.core.times import seconds_since
from tuner.serving.polling import next_look, remember
from tuner.serving.purchase import check


@step(RunEvent)
def handler(event: RunEvent, env: Environment) -> dict[str, Any]:
    folder = env.folder(event.run_id)
    manifest = folder.manifest()
    endpoint, record = check(endpoints_of(manifest.settings.serving), folder)
    waited = seconds_since(record.created_at)
    if endpoint.status == "InService":
        remember(EndpointTimes(env.artifacts_bucket), record, manifest.base_model)
    return {
        "status": endpoint.status,
        "wait_seconds": next_look(env.deployment.serving_polling, waited, record.expected_seconds),
    }
