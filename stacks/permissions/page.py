"""docs/permissions.md: every role, what it may do, on what and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stacks import definition
from stacks.permissions.arns import Places
from stacks.permissions.grant import Grant
from stacks.permissions.objects import customization_data
from stacks.permissions.services import release_for_schedules, run_executions
from stacks.step_table import STEPS
from tuner.settings import DeploymentSettings

_HEADER = "| action | on | if | why |\n| --- | --- | --- | --- |\n"


def permissions_page() -> str:
    """The page for a deployment with the default settings."""
    places = example_places()
    return (
        "# Permissions\n\n*For the platform engineer, and for who reviews the deployment.*\n\n"
        "Every role of the deployment with the default settings (`stacks/step_table.py`, `stacks/permissions/`). "
        "Nothing else is granted: no managed policies, and nothing that the CDK adds by itself. "
        "`ACCOUNT`, `DATA`, `ARTIFACTS`, `KEY`, `TOPIC`, `QUEUE` and `ENCODER` stand for what the deployment makes, "
        "`ASSETS` for the CDK's bucket. "
        "[permission-proof.md](permission-proof.md) shows what happens without each of them.\n\n"
        + "".join(_section(title, trusted, grants) for title, trusted, grants in every_role(places))
    )


def example_places() -> Places:
    """Places with words where a deployment has identifiers."""
    return Places(
        deployment=DeploymentSettings(),
        partition="aws",
        account="ACCOUNT",
        data_bucket="arn:aws:s3:::DATA",
        artifacts_bucket="arn:aws:s3:::ARTIFACTS",
        key="arn:aws:kms:us-east-1:ACCOUNT:key/KEY",
        topic="arn:aws:sns:us-east-1:ACCOUNT:TOPIC",
        undelivered="arn:aws:sqs:us-east-1:ACCOUNT:QUEUE",
        encoder="arn:aws:s3:::ASSETS/ENCODER.tar",
        customization_role="arn:aws:iam::ACCOUNT:role/CUSTOMIZATION",
        scheduler_role="arn:aws:iam::ACCOUNT:role/SCHEDULER",
    )


def every_role(places: Places) -> Iterator[tuple[str, str, list[Grant]]]:
    """Title, the service that assumes it, and its grants."""
    for step in STEPS:
        yield f"The step `{step.name}`", "lambda.amazonaws.com", step.grants(places)
    yield "Customization jobs (Bedrock's service role)", "bedrock.amazonaws.com", customization_data(places)
    yield "Release schedules", "scheduler.amazonaws.com", release_for_schedules(places)
    yield "The state machine", "states.amazonaws.com", run_executions(places, *definition.called().values())


def _section(title: str, trusted: str, grants: Iterable[Grant]) -> str:
    return f"## {title}\n\nAssumed by `{trusted}`.\n\n{_HEADER}{''.join(_row(grant) for grant in grants)}\n"


def _row(grant: Grant) -> str:
    conditions = [
        f"`{key}` {operator} `{value}`" for operator, keys in grant.conditions.items() for key, value in keys.items()
    ]
    cells = (_lines(f"`{action}`" for action in grant.actions), _lines(f"`{arn}`" for arn in grant.resources))
    return f"| {' | '.join((*cells, _lines(conditions), grant.reason))} |\n"


def _lines(cells: Iterable[str]) -> str:
    return "<br>".join(cells)
