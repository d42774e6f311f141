"""Finds the deployment that a command works on, by the outputs of its stack."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from botocore.exceptions import ClientError

from tuner.aws.clients import Response, client
from tuner.aws.error_mapping import code_of, mapped_errors, message_of
from tuner.aws.s3.run_folder import RunFolder
from tuner.cli.errors import NoDeploymentError
from tuner.settings import DeploymentSettings, load

DEFAULT_STACK = "BedrockTuner"
_OUTPUTS = (
    "DataBucketName",
    "ArtifactsBucketName",
    "StateMachineArn",
    "StartFunctionName",
    "ReleaseFunctionName",
    "CustomizationRoleArn",
    "DeploymentSettings",
)


@dataclass(frozen=True, slots=True)
class Deployment:
    """The resources and settings of a deployed stack, as its outputs name them."""

    stack: str
    region: str
    data_bucket: str
    artifacts_bucket: str
    state_machine_arn: str
    start_function: str
    release_function: str
    customization_role_arn: str
    settings: DeploymentSettings
    state_table: str | None = None
    """None for a stack of a version that had no such table."""

    def folder(self, run_id: str) -> RunFolder:
        """The run's folder in the artifacts bucket."""
        return RunFolder(self.artifacts_bucket, run_id)

    def execution_arn(self, run_id: str) -> str:
        """ARN of the run's execution, whose name is the run's id."""
        return f"{self.state_machine_arn.replace(':stateMachine:', ':execution:', 1)}:{run_id}"

    def console_link(self, run_id: str) -> str | None:
        """Link to the execution in the AWS console; None on the local cloud, which has no console."""
        if local_endpoint():
            return None
        place = quote(self.execution_arn(run_id), safe=":")
        return f"https://{self.region}.console.aws.amazon.com/states/home?region={self.region}#/v2/executions/details/{place}"


def local_endpoint() -> str | None:
    """The address of the local cloud; None when the environment does not point to one."""
    # A company may set AWS_ENDPOINT_URL to a VPC endpoint: only a loopback address is the local cloud.
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    return endpoint if urlsplit(endpoint).hostname in ("127.0.0.1", "localhost", "::1") else None


def use_region() -> None:
    """Copies AWS_REGION to AWS_DEFAULT_REGION: boto3 reads only the latter, unlike the AWS CLI and other SDKs."""
    if region := os.environ.get("AWS_REGION"):
        os.environ["AWS_DEFAULT_REGION"] = region


def find(stack: str) -> Deployment:
    """Reads the stack's outputs. Raises NoDeploymentError when the stack is absent, unfinished or another project's."""
    with mapped_errors(f"find the stack '{stack}'"):
        cloudformation = client("cloudformation")
        region = str(cloudformation.meta.region_name)
        try:
            description = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
        except ClientError as error:
            # CloudFormation has no error code of its own for a missing stack: only the message tells.
            if code_of(error) == "ValidationError" and "not exist" in message_of(error):
                raise NoDeploymentError(_absent(stack, region)) from None
            raise
    return _read(stack, region, description)


def _read(stack: str, region: str, description: Response) -> Deployment:
    # A stack in creation has no outputs yet, and a stack of another app has others.
    outputs = {entry["OutputKey"]: entry["OutputValue"] for entry in description.get("Outputs", [])}
    missing = [name for name in _OUTPUTS if name not in outputs]
    if missing:
        raise NoDeploymentError(
            f"The stack '{stack}' in {region} ({description['StackStatus']}) has no output {', '.join(missing)}: "
            "its deployment is not finished, or it belongs to another app. Deploy it with 'cdk deploy', or name "
            "another stack with --stack or TUNER_STACK."
        )
    return Deployment(
        stack=stack,
        region=region,
        data_bucket=outputs["DataBucketName"],
        artifacts_bucket=outputs["ArtifactsBucketName"],
        state_machine_arn=outputs["StateMachineArn"],
        start_function=outputs["StartFunctionName"],
        release_function=outputs["ReleaseFunctionName"],
        customization_role_arn=outputs["CustomizationRoleArn"],
        settings=load(DeploymentSettings, json.loads(outputs["DeploymentSettings"]), f"stack {stack}", newer=True),
        state_table=outputs.get("StateTableName"),
    )


def _absent(stack: str, region: str) -> str:
    if local_endpoint():
        return (
            f"There is no stack '{stack}' in the local cloud at {local_endpoint()}. "
            "Deploy it with 'tuner local up', or name another with --stack or TUNER_STACK."
        )
    return (
        f"There is no stack '{stack}' in {region} of this account. Deploy it with 'cdk deploy', name another with "
        "--stack or TUNER_STACK, or select another Region with AWS_REGION. To use the local cloud, add --local."
    )
