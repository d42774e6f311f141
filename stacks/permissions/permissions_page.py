"""Renders docs/permissions.md: every grant of every role, with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stacks import state_machine_definition
from stacks.function_table import STEPS
from stacks.permissions import people
from stacks.permissions.arns import Arns
from stacks.permissions.batch import batch_data
from stacks.permissions.grant import Grant
from stacks.permissions.s3 import customization_data
from stacks.permissions.services import release_for_schedules, run_executions
from tuner.settings import DeploymentSettings

_BETWEEN_RUNS = (
    "## Between runs\n\n"
    "A function has one role for all runs, because Lambda takes a role per function and not per invocation. So IAM "
    "limits what kind of artifact a step may write (`runs/*/estimate.json`), and not which run's. The code limits the "
    "run. *pin_inputs* refuses an execution with keys outside of the folder of its dataset, or with a run id or name "
    "that is not of this content. It also refuses a pinned version without the stated hash. Every later step takes its "
    "inputs from the `run.json` that this step wrote.\n\n"
    "Step Functions keeps the name of an execution for 90 days only. A later execution with the name of an earlier "
    "run is refused too, and a notification reports it. *pin_inputs*, *write_report* and *close_run* write nothing "
    "into a folder with an object that is older than the execution.\n\n"
    "Who may start executions can start a run of any dataset in the bucket, and who may write to the artifacts bucket "
    "can change any run. For datasets that must not share roles, give each team a deployment of its own "
    "([below](#between-teams)).\n\n"
    "Each artifact is written by the functions that the tables below name, and `scores/gate.json`, which the purchase "
    "of a commitment trusts, by *apply_gate* alone. A second policy evaluator checks that for every function "
    "(`tests/unit/stacks/permissions/test_published_decisions.py`, [authorization.md](authorization.md)).\n\n"
)
_BETWEEN_TEAMS = (
    "## Between teams\n\n"
    "With the setting `teams`, each team has a stack, and so its own buckets, key, roles, functions, topic, table and "
    "state machine ([first-deployment.md](first-deployment.md#teams)). No role and no person with the policies below "
    "can read, write, decrypt or start anything of another team's. A second policy evaluator checks every action that "
    "they are granted on every resource of another team (`tests/unit/stacks/permissions/test_teams.py`). Jobs, custom "
    "models and endpoints are Bedrock's. A team may delete, stop or tag only those with its own tag. Bedrock "
    "makes the ids of these resources, so three things are not separated. These are the names in lists, the status of "
    "another team's job or endpoint, and requests to another team's endpoint. The step *answer_questions* could send "
    "these if it knew the ARN, which only that team's artifacts contain. A separate AWS account separates these "
    "too.\n\n"
)
_PEOPLE = (
    "The first policy is enough to work with datasets, the second to answer for money, the third to import people's "
    "scores. They are managed policies of the stack, in its outputs `DataOwnerPolicyArn`, `OperatorPolicyArn` and "
    "`ReviewerPolicyArn`. They are attached to nobody: attach them to the roles or groups of your people. "
    "`tests/e2e/people/test_approval.py` works with them on the local cloud. "
    "The first two may write no artifact of a run, "
    "apart from the operator's answer to a request for approval. A reviewer may write scores, gate and report, because "
    "`tuner review import` changes the decision of the gate on a run that has ended. Give this policy to those who may "
    "decide about models. The state machine purchases a commitment by the decision that *apply_gate* returned, and not "
    "by `gate.json`. But who can change the scores while a run is scored can change that decision. No policy of the "
    "stack allows `tuner doctor`: it checks the account before there is a stack, and asks judge and scorers, so it is "
    "for who deploys. `tuner estimate --stack` needs what is public in the account, "
    "the models and the price list.\n\n"
)
_HEADER = "| action | on | if | why |\n| --- | --- | --- | --- |\n"


def permissions_page() -> str:
    """The page for a deployment with the default settings."""
    arns = example_arns()
    return (
        "# Permissions\n\n*For the platform engineer and the security reviewer.*\n\n"
        "Every role of the deployment with the default settings (`stacks/function_table.py`, `stacks/permissions/`). "
        "Roles have no other grants: no managed policies, and no statements that the CDK adds. "
        "`ACCOUNT`, `DATA`, `ARTIFACTS`, `KEY`, `TOPIC`, `STATE`, `ARRIVALS`, `QUEUE` and `ENCODER` stand for "
        "resources of the deployment, `ASSETS` for the CDK's asset bucket. "
        "[permission-proof.md](permission-proof.md) shows what happens if a permission is missing.\n\n"
        + _BETWEEN_RUNS
        + _BETWEEN_TEAMS
        + _people(arns)
        + "".join(_section(title, trusted, grants) for title, trusted, grants in every_role(arns))
    )


def example_arns() -> Arns:
    """Example ARNs with words in place of identifiers."""
    return Arns(
        deployment=DeploymentSettings(),
        partition="aws",
        account="ACCOUNT",
        data_bucket="arn:aws:s3:::DATA",
        artifacts_bucket="arn:aws:s3:::ARTIFACTS",
        key="arn:aws:kms:us-east-1:ACCOUNT:key/KEY",
        topic="arn:aws:sns:us-east-1:ACCOUNT:TOPIC",
        state_table="arn:aws:dynamodb:us-east-1:ACCOUNT:table/STATE",
        arrivals_queue="arn:aws:sqs:us-east-1:ACCOUNT:ARRIVALS",
        dead_letter_queue="arn:aws:sqs:us-east-1:ACCOUNT:QUEUE",
        encoder="arn:aws:s3:::ASSETS/ENCODER.tar",
        customization_role="arn:aws:iam::ACCOUNT:role/CUSTOMIZATION",
        batch_role="arn:aws:iam::ACCOUNT:role/BATCH",
        scheduler_role="arn:aws:iam::ACCOUNT:role/SCHEDULER",
    )


def every_role(arns: Arns) -> Iterator[tuple[str, str, list[Grant]]]:
    """Each role: its title, the service that assumes it, and its grants."""
    for step in STEPS:
        yield f"The step `{step.name}`", "lambda.amazonaws.com", step.all_grants(arns)
    yield "Customization jobs (Bedrock's service role)", "bedrock.amazonaws.com", customization_data(arns)
    yield "Batch jobs (Bedrock's service role)", "bedrock.amazonaws.com", batch_data(arns)
    yield "Release schedules", "scheduler.amazonaws.com", release_for_schedules(arns)
    yield "The state machine", "states.amazonaws.com", run_executions(arns, *state_machine_definition.called().values())


def _people(arns: Arns) -> str:
    owner = people.data_owner(arns)
    more = [grant for grant in people.operator(arns) if grant not in owner]
    reviewer = people.reviewer(arns)
    return (
        f"## People\n\n{_PEOPLE}### A data owner\n\n{_HEADER}{''.join(map(_row, owner))}\n"
        f"### An operator, in addition\n\n{_HEADER}{''.join(map(_row, more))}\n"
        f"### A reviewer\n\n{_HEADER}{''.join(map(_row, reviewer))}\n"
    )


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
