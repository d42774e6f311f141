"""`tuner throughput`: what is alive and paid for, whose it is, and an end to it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from tuner.aws.bedrock.endpoints import ModelDeployments, ProvisionedThroughputs
from tuner.aws.bedrock.training_jobs import TrainingJobs
from tuner.cli.console import emit, say
from tuner.cli.deployment import DEFAULT_STACK, Deployment
from tuner.cli.errors import CommandError
from tuner.cli.options import Json, Local, Stack, connect
from tuner.core.times import iso
from tuner.costs.prices import price_list
from tuner.reporting.formatting import duration, money
from tuner.serving.inventory import Alive, alive, hourly_usd, stays_for_its_term
from tuner.serving.release import Outcome, Release

app = typer.Typer(help="What is alive and paid for: list it, release it.")


@app.callback(invoke_without_command=True)
def throughput(
    context: typer.Context, as_json: Json = False, stack: Stack = DEFAULT_STACK, on_local: Local = False
) -> None:
    """What is alive and paid for: list it, release it."""
    if context.invoked_subcommand is None:
        list_alive(as_json, stack, on_local)


@app.command("list")
def list_alive(as_json: Json = False, stack: Stack = DEFAULT_STACK, on_local: Local = False) -> None:
    """List what exists of this deployment, by its name or its tag, with its cost. 'tuner throughput' alone does too."""
    found = _alive(connect(stack, on_local))
    if as_json:
        emit([_document(entry) for entry in found])
    elif not found:
        say(
            "Nothing is alive: no provisioned throughput, no custom model deployment, no job in progress.",
            "good",
        )
    else:
        _show(found)


@app.command()
def release(
    arn: Annotated[str | None, typer.Argument(metavar="ARN", help="What to release; 'list' shows the ARNs.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Everything of this deployment.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether it is meant.")] = False,
    stack: Stack = DEFAULT_STACK,
    on_local: Local = False,
) -> None:
    """Delete throughput and deployments, stop customization jobs; also what a run uses or keeps, but only our own."""
    if (arn is None) is not everything:
        raise CommandError("Name the ARN of one ('tuner throughput list' shows them), or --all of this deployment's.")
    deployment = connect(stack, on_local)
    wanted = _wanted(_alive(deployment), arn)
    if not wanted:
        say("Nothing is alive: there is nothing to release.", "good")
        return
    if not yes:
        _show(wanted)
        if not sys.stdin.isatty():
            raise CommandError("Nobody can be asked here: say --yes to release this.")
        typer.confirm("A run that uses it fails. Release it?", abort=True, err=True)
    outcome = _release(deployment, [entry.endpoint.arn for entry in wanted])
    for gone in outcome.released:
        say(f"Released: {gone}", "good")
    for left in outcome.completing:
        say(f"Left to complete, as its training is done: {left}", "good")


def _alive(deployment: Deployment) -> list[Alive]:
    settings = deployment.settings
    longest_hours = settings.longest_throughput_hours + settings.longest_keep_hours
    kinds = (ProvisionedThroughputs(), ModelDeployments(), TrainingJobs())
    return list(alive(kinds, settings.name, longest_hours, hourly_usd(price_list(settings.prices))))


def _wanted(found: Sequence[Alive], arn: str | None) -> list[Alive]:
    """Those to release: the one that is named, which must be ours, or all of ours that can be deleted."""
    if arn is None:
        return [entry for entry in found if entry.ours and not stays_for_its_term(entry.endpoint)]
    entry = next((entry for entry in found if entry.endpoint.arn == arn), None)
    if entry is None or not entry.ours:
        lacks = (
            "is not there, or not this deployment's" if entry is None else f"lacks this deployment's {_lacking(entry)}"
        )
        raise CommandError(f"{arn} {lacks}: only what has both its name and its tag is released. Nothing was deleted.")
    if stays_for_its_term(entry.endpoint):
        raise CommandError(
            f"{arn} has a commitment ({entry.endpoint.commitment}): it cannot be deleted before its end."
        )
    return [entry]


def _lacking(entry: Alive) -> str:
    return "tag" if entry.named else "name"


def _release(deployment: Deployment, arns: Sequence[str]) -> Outcome:
    """The function that the state machine, the rule, the switch and the sweep call, with the caller's permissions."""
    price = hourly_usd(price_list(deployment.settings.prices))
    kinds = (ProvisionedThroughputs(), ModelDeployments(), TrainingJobs())
    return Release(kinds, deployment.settings.name, deployment.folder, price).these(arns)


def _show(found: Sequence[Alive]) -> None:
    """Two lines each: the ARN, whole, to be copied; and what it is."""
    for entry in found:
        say(entry.endpoint.arn, "name" if entry.ours else "warn")
        say(f"  {_sentence(entry)}")


def _sentence(entry: Alive) -> str:
    endpoint = entry.endpoint
    whose = f"run {entry.run_id}" if entry.run_id else "no run"
    parts = [whose, endpoint.status, f"since {iso(endpoint.created_at)} ({duration(entry.hours * 3600)})"]
    if endpoint.kind == "on_demand":
        parts.append("a deployment, billed per token")
    elif endpoint.kind == "training":
        parts.append("a customization job, billed for the tokens that it trains with")
    elif entry.hourly_usd is None:
        parts.append("price not known")
    else:
        parts.append(f"{money(entry.hourly_usd)} an hour, so far at most {money(entry.usd)}")
    return ", ".join([*parts, _until(entry)])


def _until(entry: Alive) -> str:
    if not entry.ours:
        return f"not released: lacks our {_lacking(entry)}"
    if stays_for_its_term(entry.endpoint):
        ends = entry.endpoint.committed_until
        return f"term ends {iso(ends)}" if ends else f"a term: {entry.endpoint.commitment}"
    if entry.endpoint.kind == "training":
        return "about to complete, and left to" if entry.endpoint.completing else "until its model is trained"
    return f"kept until {iso(entry.kept_until)}" if entry.kept_until else "until its run has used it"


def _document(entry: Alive) -> dict[str, Any]:
    endpoint = entry.endpoint
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
