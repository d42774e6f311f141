"""`tuner doctor`: whether the account is ready for a run, asked before anything costs money."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import partial

import typer
from rich.table import Table
from rich.text import Text

from tuner.aws.bedrock import Bedrock
from tuner.aws.clients import client
from tuner.aws.quotas import Quotas
from tuner.aws.translate import translated
from tuner.cli import local
from tuner.cli.console import console, emit, say
from tuner.cli.deployment import DEFAULT_STACK, Deployment, NoDeploymentError, find, local_endpoint, use_region
from tuner.cli.options import Json, Local, Stack
from tuner.errors import AwsError, TunerError
from tuner.preflight import Check, checks
from tuner.settings import DeploymentSettings

_SIGNS = {"ok": ("✓", "good"), "warning": ("!", "warn"), "failed": ("✗", "bad")}


def doctor(as_json: Json = False, stack: Stack = DEFAULT_STACK, on_local: Local = False) -> None:
    """Check credentials, deployment, models and quotas. Exit status 1 when a run cannot work."""
    local.use() if on_local else use_region()
    with translated("start: which Region?"):
        region = str(client("sts").meta.region_name)
    found = _checks(stack, region)
    if as_json:
        emit([asdict(check) for check in found])
    else:
        console().print(_table(found))
        if local_endpoint():
            say("Stand-in: the local cloud's own small models answer and judge for those named here.", "warn")
    if any(check.verdict == "failed" for check in found):
        raise typer.Exit(1)


def _checks(stack: str, region: str) -> list[Check]:
    try:
        identity = _identity()
    except TunerError as error:  # everything else would fail for the same reason
        return [Check("Credentials", "failed", str(error))]
    deployment = _deployment(stack)
    settings = deployment.settings if isinstance(deployment, Deployment) else DeploymentSettings(region=region)
    resources = [("Credentials", lambda: identity), *_resources(stack, region, deployment)]
    return checks(Bedrock(), Quotas(), settings.base_model, settings.judge_model, region, resources)


def _deployment(stack: str) -> Deployment | Exception:
    try:
        return find(stack)
    except (TunerError, NoDeploymentError) as error:
        return error


def _resources(stack: str, region: str, deployment: Deployment | Exception) -> list[tuple[str, Callable[[], str]]]:
    """What must be in place beside the models, in the order in which a person would look for it."""

    def stack_found() -> str:
        if isinstance(deployment, Deployment):
            return f"'{stack}' is deployed in {region}."
        raise deployment if isinstance(deployment, TunerError) else AwsError(str(deployment))

    tasks: list[tuple[str, Callable[[], str]]] = [("Stack", stack_found)]
    if isinstance(deployment, Deployment):
        places = {"Data bucket": deployment.data_bucket, "Artifacts bucket": deployment.artifacts_bucket}
        tasks += [(name, partial(_bucket, bucket)) for name, bucket in places.items()]
        tasks += [("Service role", partial(_role, deployment.customization_role_arn))]
        tasks += [("State machine", partial(_machine, deployment.state_machine_arn))]
    return tasks


def _identity() -> str:
    with translated("ask who is calling"):
        caller = client("sts").get_caller_identity()
    where = f"the local cloud at {local_endpoint()}" if local_endpoint() else f"account {caller['Account']}"
    return f"{caller['Arn']} in {where}."


def _bucket(name: str) -> str:
    with translated(f"reach the bucket {name}"):
        client("s3").head_bucket(Bucket=name)
    return f"{name} can be reached."


def _role(arn: str) -> str:
    with translated(f"look up the role {arn}"):
        client("iam").get_role(RoleName=arn.rpartition("/")[2])
    return f"{arn} is there."


def _machine(arn: str) -> str:
    with translated(f"look up the state machine {arn}"):
        status = client("stepfunctions").describe_state_machine(stateMachineArn=arn).get("status", "ACTIVE")
    if status != "ACTIVE":
        raise AwsError(f"{arn} is {status}. Deploy the stack again.")
    return f"{arn.rpartition(':')[2]} is active."


def _table(found: list[Check]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(width=1)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for check in found:
        sign, style = _SIGNS[check.verdict]
        table.add_row(Text(sign, style), Text(check.name, "name"), f"{check.message} {check.remedy}".rstrip())
    return table
