"""`tuner spending`: what the runs of a month have reserved and spent, and the ceilings."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from tuner import approval
from tuner.artifacts.costs.ledger import month_of
from tuner.aws.dynamodb.ledger_table import LedgerTable
from tuner.cli.commands.deployment.models import monthly_usd, storage_sentence, stored_models
from tuner.cli.deployment import DEFAULT_STACK
from tuner.cli.errors import CommandError
from tuner.cli.options import Json, Local, Stack, connect
from tuner.cli.terminal.console import console, emit, say
from tuner.cli.terminal.spending_table import MonthSpending
from tuner.core.strict_model import JsonObject
from tuner.core.times import now
from tuner.costs.ledger.reservation import ceilings_of

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


def _checked(value: str | None) -> str | None:
    if value is not None and not _MONTH.fullmatch(value):
        raise typer.BadParameter(f"'{value}' is no month. Write it as 2026-11.", param_hint="--month")
    return value


def spending(
    month: Annotated[
        str | None, typer.Option(metavar="YYYY-MM", callback=_checked, help="By default this one.")
    ] = None,
    dataset: Annotated[str | None, typer.Option(metavar="NAME", help="Only the runs of this dataset.")] = None,
    as_json: Json = False,
    stack: Stack = DEFAULT_STACK,
    on_local: Local = False,
) -> None:
    """Show the costs of a month's runs, and its ceilings."""
    deployment = connect(stack, on_local)
    if deployment.state_table is None:
        raise CommandError(
            f"The stack '{deployment.stack}' keeps no ledger yet. Deploy this version with 'cdk deploy'."
        )
    asked = month or month_of(now())
    entries = LedgerTable(deployment.state_table).entries(asked)
    answers = {entry.run_id: approval.find_answer(deployment.folder(entry.run_id)) for entry in entries if entry.passed}
    found = MonthSpending(asked, entries, ceilings_of(deployment.settings), answers, dataset)
    stored = stored_models(deployment)
    if as_json:
        kept: JsonObject = {"stored_models": len(stored), "storage_usd_per_month": monthly_usd(deployment, stored)}
        emit({**found.as_json(), **kept})
        return
    console().print(found.table() if found.shown else f"No run has reserved or spent anything in {asked}.")
    say("At list prices. What is reserved is the worst case of runs that have not ended.", "quiet")
    if stored:
        say(f"Not in these sums after the first month: {storage_sentence(deployment, stored)}", "warn")
