"""Checks the deployed stack: its buckets, service role and state machine."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from tuner.aws.error_mapping import mapped_errors
from tuner.cli.checks.check import Check, CheckResult, Status, quick_client
from tuner.cli.deployment import Deployment
from tuner.core.errors import AwsError

_DEPLOY_AGAIN = "Deploy the stack again: 'cdk deploy' creates what is missing."


def stack(deployment: Deployment | Exception, name: str, expected: bool) -> CheckResult:
    """Whether the stack exists. Before the first deployment it does not: a failure only when the user named it."""
    if isinstance(deployment, Deployment):
        return CheckResult("Stack", "ok", f"'{name}' is deployed in {deployment.region}.")
    status: Status = "failed" if expected else "warning"
    remedy = "Before the first deployment this is normal: run 'cdk deploy' when no line failed."
    return CheckResult("Stack", status, str(deployment), remedy)


def resources(deployment: Deployment) -> Iterator[Check]:
    """The resources that a run needs."""
    buckets = {"Data bucket": deployment.data_bucket, "Artifacts bucket": deployment.artifacts_bucket}
    for name, bucket in buckets.items():
        yield Check(name, partial(_bucket, bucket), _DEPLOY_AGAIN)
    yield Check("Service role", partial(_role, deployment.customization_role_arn), _DEPLOY_AGAIN)
    yield Check("State machine", partial(_state_machine, deployment.state_machine_arn), _DEPLOY_AGAIN)


def _bucket(name: str) -> str:
    with mapped_errors(f"reach the bucket {name}"):
        quick_client("s3").head_bucket(Bucket=name)
    return f"{name} can be reached."


def _role(arn: str) -> str:
    with mapped_errors(f"look up the role {arn}"):
        quick_client("iam").get_role(RoleName=arn.rpartition("/")[2])
    return f"{arn} exists."


def _state_machine(arn: str) -> str:
    with mapped_errors(f"look up the state machine {arn}"):
        # The response may come without a status.
        status = quick_client("stepfunctions").describe_state_machine(stateMachineArn=arn).get("status", "ACTIVE")
    if status != "ACTIVE":
        raise AwsError(f"{arn} is {status}.")
    return f"{arn.rpartition(':')[2]} is active."
