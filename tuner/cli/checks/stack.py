"""The deployment: its stack, buckets, role and state machine."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from tuner.aws.error_mapping import translated
from tuner.cli.checks.check import Check, Task, Verdict, quick
from tuner.cli.deployment import Deployment
from tuner.core.errors import AwsError

_DEPLOY_AGAIN = "Deploy the stack again: 'cdk deploy' creates what is missing."


def stack(deployment: Deployment | Exception, name: str, expected: bool) -> Check:
    """Whether the stack is there. Before the first deployment it is not, which is a failure only when it was named."""
    if isinstance(deployment, Deployment):
        return Check("Stack", "ok", f"'{name}' is deployed in {deployment.region}.")
    verdict: Verdict = "failed" if expected else "warning"
    return Check("Stack", verdict, str(deployment), "Before a deployment, go on with 'cdk deploy' when no line failed.")


def resources(deployment: Deployment) -> Iterator[Task]:
    """What must be in place, in the order in which a person would look for it."""
    places = {"Data bucket": deployment.data_bucket, "Artifacts bucket": deployment.artifacts_bucket}
    for name, place in places.items():
        yield Task(name, partial(_bucket, place), _DEPLOY_AGAIN)
    yield Task("Service role", partial(_role, deployment.customization_role_arn), _DEPLOY_AGAIN)
    yield Task("State machine", partial(_machine, deployment.state_machine_arn), _DEPLOY_AGAIN)


def _bucket(name: str) -> str:
    with translated(f"reach the bucket {name}"):
        quick("s3").head_bucket(Bucket=name)
    return f"{name} can be reached."


def _role(arn: str) -> str:
    with translated(f"look up the role {arn}"):
        quick("iam").get_role(RoleName=arn.rpartition("/")[2])
    return f"{arn} is there."


def _machine(arn: str) -> str:
    with translated(f"look up the state machine {arn}"):
        status = quick("stepfunctions").describe_state_machine(stateMachineArn=arn).get("status", "ACTIVE")
    if status != "ACTIVE":
        raise AwsError(f"{arn} is {status}.")
    return f"{arn.rpartition(':')[2]} is active."
