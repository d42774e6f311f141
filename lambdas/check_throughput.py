"""Returns whether the endpoint is in service, and when to check again. Records how long it took for later runs.

Calls: s3:ListBucket, s3:GetObject, s3:PutObject, kms:Decrypt, kms:GenerateDataKey,
bedrock:GetProvisionedModelThroughput, bedrock:GetCustomModelDeployment.
"""

from __future__ import annotations

from lambdas.step import Environment, RunEvent, StepResult, step
from tuner.aws.bedrock.endpoints import endpoints_of
from tuner.aws.s3.endpoint_times import EndpointTimesStore
from tuner.core.times import seconds_since
from tuner.serving.endpoint_polling import next_delay, record_duration
from tuner.serving.purchase import check


class EndpointStatus(StepResult):
    """The endpoint, and the seconds until the next check."""

    status: str
    wait_seconds: int


@step(RunEvent)
def handler(event: RunEvent, env: Environment) -> EndpointStatus:
    """Raises EndpointFailedError when the endpoint failed or is gone."""
    folder = env.folder(event.run_id)
    manifest = folder.manifest_of_choice()
    endpoint, record = check(endpoints_of(manifest.settings.serving), folder)
    # From the creation on record: the step is invoked again for every check and has no memory of its own.
    waited = seconds_since(record.created_at)
    if endpoint.status == "InService":
        record_duration(EndpointTimesStore(env.artifacts_bucket), record, manifest.base_model)
    wait = next_delay(env.deployment.serving_polling, waited, record.expected_seconds)
    return EndpointStatus(status=endpoint.status, wait_seconds=wait)
