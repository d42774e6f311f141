"""The deployment that the command line talks to, found through its stack's outputs."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from botocore.exceptions import ClientError

from tuner.aws.clients import client
from tuner.aws.error_mapping import code_of, message_of, translated
from tuner.aws.s3.run_folder import RunFolder
from tuner.cli.errors import NoDeploymentError
from tuner.settings import DeploymentSettings, load

DEFAULT_STACK = "BedrockTuner"
_OUTPUTS = (
    "DataBucketName",
    "ArtifactsBucketName",
    "StateMachineArn",
    "StartFunctionName",
    "CustomizationRoleArn",
    "DeploymentSettings",
)


@dataclass(frozen=True, slots=True)
class Deployment:
    """What the stack's outputs say."""

    stack: str
    region: str
    data_bucket: str
    artifacts_bucket: str
    state_machine_arn: str
    start_function: str
    customization_role_arn: str
    settings: DeploymentSettings

    def folder(self, run_id: str) -> RunFolder:
        """The run's folder in the artifacts bucket."""
        return RunFolder(self.artifacts_bucket, run_id)

    def execution_arn(self, run_id: str) -> str:
        """ARN of the run's execution, whose name is the run's id."""
        return f"{self.state_machine_arn.replace(':stateMachine:', ':execution:', 1)}:{run_id}"

    def console_link(self, run_id: str) -> str | None:
        """Where the execution is in AWS's console; None on the local cloud, which has none."""
        if local_endpoint():
            return None
        place = quote(self.execution_arn(run_id), safe=":")
        return f"https://{self.region}.console.aws.amazon.com/states/home?region={self.region}#/v2/executions/details/{place}"


def local_endpoint() -> str | None:
    """The local cloud's address, when the environment points there."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    return endpoint if urlsplit(endpoint).hostname in ("127.0.0.1", "localhost", "::1") else None


def use_region() -> None:
    """Makes boto3 know AWS_REGION too, as the AWS CLI and every other SDK does."""
    if region := os.environ.get("AWS_REGION"):
        os.environ["AWS_DEFAULT_REGION"] = region


def find(stack: str) -> Deployment:
    """Reads the stack's outputs. Raises NoDeploymentError when it is absent, unfinished or not one of ours."""
    with translated(f"find the stack '{stack}'"):
        cloudformation = client("cloudformation")
        region = str(cloudformation.meta.region_name)
        try:
            description = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
        except ClientError as error:
            if code_of(error) == "ValidationError" and "not exist" in message_of(error):
                raise NoDeploymentError(_absent(stack, region)) from None
            raise
    return _read(stack, region, description)


def _read(stack: str, region: str, description: dict[str, Any]) -> Deployment:
    outputs = {entry["OutputKey"]: entry["OutputValue"] for entry in description.get("Outputs", [])}
    missing = [name for name in _OUTPUTS if name not in outputs]
    if missing:
        raise NoDeploymentError(
            f"The stack '{stack}' in {region} ({description['StackStatus']}) has no output {', '.join(missing)}: "
            "its deployment is not finished, or it is another app's. Deploy it with 'cdk deploy', or name the right "
            "one with --stack or TUNER_STACK."
        )
    return Deployment(
        stack=stack,
        region=region,
        data_bucket=outputs["DataBucketName"],
        artifacts_bucket=outputs["ArtifactsBucketName"],
        state_machine_arn=outputs["StateMachineArn"],
        start_function=outputs["StartFunctionName"],
        customization_role_arn=outputs["CustomizationRoleArn"],
        settings=load(DeploymentSettings, _known(json.loads(outputs["DeploymentSettings"])), f"stack {stack}"),
    )


def _known(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings that this version knows. One that is older may have others, and its endpoints must still go."""
    return {name: value for name, value in settings.items() if name in DeploymentSettings.model_fields}


def _absent(stack: str, region: str) -> str:
    if local_endpoint():
        return (
            f"There is no stack '{stack}' in the local cloud at {local_endpoint()}. "
            "Deploy it with 'tuner local up', or name another with --stack or TUNER_STACK."
        )
    return (
        f"There is no stack '{stack}' in {region} of this account. Deploy it with 'cdk deploy', name another with "
        "--stack or TUNER_STACK, or another Region with AWS_REGION; '--local' means the cloud on this machine."
    )
