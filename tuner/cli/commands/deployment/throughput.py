"""`tuner throughput`: lists and releases provisioned throughput, deployments and customization jobs."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from tuner.artifacts.costs.amounts import money, money_at_most
from tuner.aws.bedrock.endpoints import ModelDeployments, ProvisionedThroughputs
from tuner.aws.bedrock.invocation_jobs import InvocationJobs
from tuner.aws.bedrock.training_jobs import TrainingJobs
from tuner.aws.clients import client
from tuner.aws.error_mapping import mapped_errors
from tuner.aws.executions import Executions
from tuner.cli.deployment import DEFAULT_STACK, Deployment
from tuner.cli.errors import CommandError
from tuner.cli.options import Json, Local, Stack, connect
from tuner.cli.terminal.console import emit, say
from tuner.core.strict_model import JsonObject
from tuner.core.times import iso
from tuner.costs.prices.price_list import price_list
from tuner.reporting.formatting import duration
from tuner.serving.inventory import InventoryEntry, hourly_price, inventory, is_committed
from tuner.serving.release import Release, ReleaseOutcome

app = typer.Typer(help="List and release throughput, deployments and training jobs.")


@app.callback(invoke_without_command=True)
def throughput(
    context: typer.Context, as_json: Json = False, stack: Stack = DEFAULT_STACK, on_local: Local = False
) -> None:
    """List and release throughput, deployments and training jobs."""
    if context.invoked_subcommand is None:
        list_endpoints(as_json, stack, on_local)


@app.command("list")
def list_endpoints(as_json: Json = False, stack: Stack = DEFAULT_STACK, on_local: Local = False) -> None:
    """List what has this deployment's name or tag, with its cost. 'tuner throughput' alone does the same."""
    found = _inventory(connect(stack, on_local))
    if as_json:
        emit([_document(entry) for entry in found])
    elif not found:
        say(
            "Nothing costs money: no provisioned throughput, no custom model deployment, no job in progress.",
            "good",
        )
    else:
        _show(found)
        if deletable := _deletable(found):
            say(f"To release the first of these: tuner throughput release {deletable[0].resource.arn}", "quiet")


@app.command()
def release(
    arn: Annotated[str | None, typer.Argument(metavar="ARN", help="ARN to release; 'list' shows them.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Release everything of this deployment.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    stack: Stack = DEFAULT_STACK,
    on_local: Local = False,
) -> None:
    """Delete throughput and deployments, and stop jobs. Only those of this deployment; runs that use them fail."""
    if (arn is None) is not everything:
        raise typer.BadParameter(
            "name one ARN ('tuner throughput list' shows them), or use --all for everything of this deployment.",
            param_hint="ARN",
        )
    deployment = connect(stack, on_local)
    wanted = _wanted(_inventory(deployment), arn)
    if not wanted:
        say("There is nothing to release.", "good")
        return
    if not yes:
        # The list is shown before the question, so that nobody confirms unseen.
        _show(wanted)
        if not sys.stdin.isatty():
            raise CommandError("There is no terminal to ask for confirmation. Add --yes to release this.")
        typer.confirm("A run that uses this will fail. Release it?", abort=True, err=True)
    outcome = _release(deployment, [entry.resource.arn for entry in wanted])
    for gone in outcome.released:
        say(f"Released: {gone}", "good")
    for left in outcome.completing:
        say(f"Not stopped, because it has finished training and is about to complete: {left}", "good")
    _have_it_recorded(deployment, [entry for entry in wanted if entry.resource.arn in outcome.released])


def _inventory(deployment: Deployment) -> list[InventoryEntry]:
    settings = deployment.settings
    # The tag of a kept endpoint is not trusted beyond what the deployment allows.
    longest_hours = settings.longest_throughput_hours + settings.longest_keep_hours
    kinds = (ProvisionedThroughputs(), ModelDeployments(), TrainingJobs(), InvocationJobs())
    return list(inventory(kinds, settings.name, longest_hours, hourly_price(price_list(settings.prices))))


def _wanted(found: Sequence[InventoryEntry], arn: str | None) -> list[InventoryEntry]:
    """What to release: the named one, which must belong to this deployment, or everything that can be deleted."""
    if arn is None:
        return _deletable(found)
    entry = next((entry for entry in found if entry.resource.arn == arn), None)
    if entry is None or not entry.ours:
        lacks = (
            "does not exist, or is not this deployment's"
            if entry is None
            else f"does not have this deployment's {_lacking(entry)}"
        )
        raise CommandError(f"{arn} {lacks}. Only what has both the name and the tag is released. Nothing was deleted.")
    if is_committed(entry.resource):
        raise CommandError(
            f"{arn} has a commitment ({entry.resource.commitment}): it cannot be deleted before its end."
        )
    return [entry]


def _deletable(found: Sequence[InventoryEntry]) -> list[InventoryEntry]:
    """What this deployment can release. A term cannot be ended early: AWS refuses to delete such throughput."""
    return [entry for entry in found if entry.ours and not is_committed(entry.resource)]


def _lacking(entry: InventoryEntry) -> str:
    return "tag" if entry.named else "name"


def _release(deployment: Deployment, arns: Sequence[str]) -> ReleaseOutcome:
    """Releases with the code of the release function, but with the caller's permissions.

    People may not write the records of a run's resources: answers and purchases follow them.
    """
    price = hourly_price(price_list(deployment.settings.prices))
    kinds = (ProvisionedThroughputs(), ModelDeployments(), TrainingJobs(), InvocationJobs())
    release = Release(kinds, deployment.settings.name, deployment.folder, price, records=False)
    return release.resources(arns)


def _have_it_recorded(deployment: Deployment, gone: Sequence[InventoryEntry]) -> None:
    """Asks the release function to record what is gone. A run in progress fails, and is released then."""
    executions = Executions(deployment.state_machine_arn)
    for run_id in sorted({entry.run_id for entry in gone if entry.run_id}):
        if executions.status(run_id) == "RUNNING":
            continue
        with mapped_errors(f"have the release recorded by the function '{deployment.release_function}'"):
            client("lambda").invoke(
                FunctionName=deployment.release_function,
                # Asynchronous: Lambda repeats it until a second look, a minute later, misses the endpoint too.
                InvocationType="Event",
                Payload=json.dumps({"run_id": run_id}).encode(),
            )


def _show(found: Sequence[InventoryEntry]) -> None:
    """Two lines each: the whole ARN, to be copied, and a description."""
    for entry in found:
        say(entry.resource.arn, "name" if entry.ours else "warn")
        say(f"  {_sentence(entry)}")


def _sentence(entry: InventoryEntry) -> str:
    endpoint = entry.resource
    owner = f"run {entry.run_id}" if entry.run_id else "no run"
    parts = [owner, endpoint.status, f"since {iso(endpoint.created_at)} ({duration(entry.hours * 3600)})"]
    if endpoint.kind == "on_demand":
        parts.append("a deployment, billed per token")
    elif endpoint.kind == "training":
        parts.append("a customization job, billed for the tokens that it trains with")
    elif endpoint.kind == "batch":
        parts.append("a batch job, billed for the records that it answers")
    elif entry.hourly_usd is None:
        parts.append("price unknown")
    else:
        parts.append(f"{money(entry.hourly_usd)} an hour, so far at most {money_at_most(entry.usd)}")
    return ", ".join([*parts, _until(entry)])


def _until(entry: InventoryEntry) -> str:
    if not entry.ours:
        return f"not released automatically: does not have this deployment's {_lacking(entry)}"
    if is_committed(entry.resource):
        ends = entry.resource.committed_until
        return f"term ends {iso(ends)}" if ends else f"a term: {entry.resource.commitment}"
    if entry.resource.kind == "training":
        return "about to complete, so it is not stopped" if entry.resource.completing else "until its model is trained"
    if entry.resource.kind == "batch":
        return "until its records are answered"
    return f"kept until {iso(entry.kept_until)}" if entry.kept_until else "until its run no longer needs it"


def _document(entry: InventoryEntry) -> JsonObject:
    endpoint = entry.resource
    return {
        "arn": endpoint.arn,
        "name": endpoint.name,
        "kind": endpoint.kind,
        "status": endpoint.status,
        "run_id": entry.run_id,
        "ours": entry.ours,
        "lacks": None if entry.ours else _lacking(entry),
        "created_at": iso(endpoint.created_at),
        "model_units": endpoint.model_units,
        "hourly_usd": entry.hourly_usd,
        "usd_so_far": entry.usd,
        "kept_until": iso(entry.kept_until) if entry.kept_until else None,
        "commitment": endpoint.commitment,
        "committed_until": iso(endpoint.committed_until) if endpoint.committed_until else None,
    }
