"""Says whether the tuned model can be asked yet.

Calls: s3:GetObject, s3:PutObject, kms:Decrypt, kms:GenerateDataKey, bedrock:GetProvisionedModelThroughput,
bedrock:GetCustomModelDeployment.
"""

from __future__ import annotations

from typing import Any

from lambdas.step import Environment, RunEvent, step
from tuner.aws.endpoints import endpoints_of
from tuner.serving.purchase import check
from tuner.times import seconds_since


@step(RunEvent)
def handler(event: RunEvent, env: Environment) -> dict[str, Any]:
    folder = env.folder(event.run_id)
    endpoint, record = check(endpoints_of(folder.manifest().settings.serving), folder)
    wait = env.deployment.serving_polling.wait(seconds_since(record.created_at))
    return {"status": endpoint.status, "wait_seconds": wait}
