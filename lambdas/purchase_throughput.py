"""Creates the endpoint of the tuned model: provisioned throughput, or a custom model deployment.

With `committed`, it buys throughput with the run's term instead, for a model that the gate accepted.

Calls: s3:ListBucket, s3:GetObject, s3:PutObject, kms:Decrypt, kms:GenerateDataKey,
bedrock:ListProvisionedModelThroughputs, bedrock:ListCustomModelDeployments, bedrock:ListTagsForResource,
bedrock:CreateProvisionedModelThroughput, bedrock:CreateCustomModelDeployment, bedrock:TagResource.
"""

from __future__ import annotations

from lambdas.step import Environment, RunEvent, StepResult, step
from tuner.aws.bedrock.endpoints import endpoints_of
from tuner.aws.s3.endpoint_times import EndpointTimesStore
from tuner.core.times import seconds_since
from tuner.serving.endpoint_polling import expected_seconds, next_delay
from tuner.serving.purchase import commit, purchase


class PurchaseEvent(RunEvent):
    """`committed` marks the second purchase of a run, after its gate."""

    committed: bool = False


class Purchased(StepResult):
    """The endpoint and, for the evaluation's endpoint, the seconds until its first check."""

    endpoint_arn: str
    wait_seconds: int = 0


@step(PurchaseEvent)
def handler(event: PurchaseEvent, env: Environment) -> Purchased:
    """Continues with the endpoint of an earlier attempt, if there is one."""
    folder = env.open_folder(event.run_id)
    manifest = folder.manifest_of_choice()
    endpoints = endpoints_of(manifest.settings.serving, env.deployment.tags)
    if event.committed:
        bought = commit(endpoints, folder, manifest, env.deployment.name, env.deployment.commitments)
        return Purchased(endpoint_arn=bought.arn)
    expected = expected_seconds(EndpointTimesStore(env.artifacts_bucket), endpoints.kind, manifest.base_model)
    record = purchase(endpoints, folder, manifest, env.deployment.name, expected)
    wait = next_delay(env.deployment.serving_polling, seconds_since(record.created_at), record.expected_seconds)
    return Purchased(endpoint_arn=record.arn, wait_seconds=wait)
