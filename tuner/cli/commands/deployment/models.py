"""`tuner models`: lists and deletes the custom models of a deployment. Bedrock bills them by the month."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from tuner import catalog
from tuner.artifacts.costs.amounts import money
from tuner.aws.bedrock.custom_models import CustomModels
from tuner.aws.bedrock.resources import CustomModel
from tuner.aws.executions import Executions
from tuner.aws.s3.training_index import TrainingIndex
from tuner.cli import run_lookup
from tuner.cli.deployment import DEFAULT_STACK, Deployment
from tuner.cli.errors import CommandError
from tuner.cli.options import Json, Local, Stack, connect
from tuner.cli.terminal.console import emit, say
from tuner.core.resource_names import Tags
from tuner.core.times import iso, now
from tuner.core.wording import plural
from tuner.costs.prices.price_list import price_list
from tuner.training.job_record import job_records, users

app = typer.Typer(help="List and delete custom models, which are billed by the month.")


@app.callback(invoke_without_command=True)
def models(
    context: typer.Context, as_json: Json = False, stack: Stack = DEFAULT_STACK, on_local: Local = False
) -> None:
    """List and delete custom models, which are billed by the month."""
    if context.invoked_subcommand is None:
        list_models(as_json, stack, on_local)


@app.command("list")
def list_models(as_json: Json = False, stack: Stack = DEFAULT_STACK, on_local: Local = False) -> None:
    """List this deployment's custom models, newest first. 'tuner models' alone does the same."""
    deployment = connect(stack, on_local)
    found = stored_models(deployment)
    if as_json:
        emit([{"arn": each.arn, "name": each.name, "created_at": iso(each.created_at)} for each in found])
    elif not found:
        say("This deployment has no custom models.")
    else:
        _show(found)
        say(storage_sentence(deployment, found))


@app.command()
def delete(
    run: Annotated[str | None, typer.Argument(metavar="RUN", help="The run that made the model, or 'latest'.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All custom models of this deployment.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    stack: Stack = DEFAULT_STACK,
    on_local: Local = False,
) -> None:
    """Delete custom models of this deployment, which ends their cost. They cannot be restored."""
    if (run is None) is not everything:
        raise typer.BadParameter(
            "name the run whose model to delete ('tuner models' lists them), or use --all.", param_hint="RUN"
        )
    deployment = connect(stack, on_local)
    wanted = _wanted(deployment, run)
    if not wanted:
        say("There is no such custom model. Nothing was deleted.", "good")
        return
    if not yes:
        _show(wanted)
        if not sys.stdin.isatty():
            raise CommandError("There is no terminal to ask for confirmation. Add --yes to delete this.")
        typer.confirm("A deleted model cannot be restored. Delete it?", abort=True, err=True)
    _delete(_refuse_used(deployment, wanted))


def _refuse_used(deployment: Deployment, wanted: Sequence[CustomModel]) -> Sequence[CustomModel]:
    """Raises CommandError when a run in progress uses one of these models, which it trained or adopted."""
    # Bedrock refuses to delete a model in use, but between two steps of a run it is not in use.
    trainings, status_of = TrainingIndex(deployment.artifacts_bucket), Executions(deployment.state_machine_arn).status
    account = CustomModels()
    for each in wanted:
        running = [run for run in users(each.name, account.tags(each.arn), trainings) if status_of(run) == "RUNNING"]
        if running:
            raise CommandError(
                f"{each.arn} is used by a run in progress: {', '.join(running)}. Wait for its end or stop it "
                f"(tuner stop {running[0]}), then try again. Nothing was deleted."
            )
    return wanted


def stored_models(deployment: Deployment) -> list[CustomModel]:
    """The custom models with both the deployment's name and its tag, the newest first."""
    prefix, account = f"{deployment.settings.name}-", CustomModels()
    # ListCustomModels filters by a part of the name only. The tag tells other deployments with a similar name apart.
    named = [each for each in account.made_before(prefix, now()) if each.name.startswith(prefix)]
    ours = [each for each in named if account.tags(each.arn).get(Tags.DEPLOYMENT) == deployment.settings.name]
    return sorted(ours, key=lambda each: each.created_at, reverse=True)


def monthly_usd(deployment: Deployment, found: Sequence[CustomModel]) -> float | None:
    """What the storage of these models costs in a month, at list prices. None when a price is not known."""
    prices = price_list(deployment.settings.prices)
    # The ARN has the base model: .../custom-model/amazon.nova-micro-v1:0:128k/abc123.
    invoked_as = {model.id: model.invoke_id for model in catalog.models()}
    known = [prices.find("storage", invoked_as.get(base, base)) for base in (each.arn.split("/")[1] for each in found)]
    return None if None in known else sum(price.usd for price in known if price)


def storage_sentence(deployment: Deployment, found: Sequence[CustomModel]) -> str:
    """What these models cost until they are deleted."""
    usd = monthly_usd(deployment, found)
    cost = "an unknown price" if usd is None else money(usd)
    stored = f"Stored: {plural(len(found), 'custom model')}, for {cost} a month until deleted."
    made_by = next(iter(CustomModels().tags(each.arn).get(Tags.RUN) for each in found), None)
    return stored + (f" To delete the newest: tuner models delete {made_by}" if made_by else "")


def _wanted(deployment: Deployment, run: str | None) -> list[CustomModel]:
    found = stored_models(deployment)
    if run is None:
        return found
    run_id, account = run_lookup.resolve(deployment, run).run_id, CustomModels()
    records = job_records(deployment.folder(run_id)).values()
    if records and all(record.adopted for record in records):
        trained_by = next(record.trained_by for record in records)
        raise CommandError(
            f"The run {run_id} has no model of its own: it adopted the model of {trained_by}. To delete that: "
            f"tuner models delete {trained_by}. Nothing was deleted."
        )
    return [each for each in found if account.tags(each.arn).get(Tags.RUN) == run_id]


def _delete(wanted: Sequence[CustomModel]) -> None:
    account = CustomModels()
    kept = []
    for each in wanted:
        if account.delete(each.arn):
            say(f"Deleted: {each.arn}", "good")
        else:
            kept.append(each.arn)
    if kept:
        raise CommandError(
            f"Bedrock refused to delete models in use: {', '.join(kept)}. 'tuner throughput' lists what serves "
            "them, and how to release it. Wait for their jobs to end, then try again."
        )


def _show(found: Sequence[CustomModel]) -> None:
    for each in found:
        say(each.arn, "name")
        say(f"  {each.name}, created {iso(each.created_at)}")
