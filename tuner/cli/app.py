"""The `tuner` command and its subcommands."""

from __future__ import annotations

from typing import Annotated

import typer

import tuner
from tuner.cli.commands import (
    approve,
    compare,
    estimate,
    evaluate,
    report,
    review,
    run,
    runs,
    show,
    spending,
    stop,
    watch,
)
from tuner.cli.commands.data.check import check
from tuner.cli.commands.data.convert import convert
from tuner.cli.commands.data.generate import generate
from tuner.cli.commands.data.split import split
from tuner.cli.commands.deployment import doctor, local, models, throughput
from tuner.cli.terminal.usage_errors import PlainUsageErrors

app = typer.Typer(
    name="tuner",
    cls=PlainUsageErrors,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(estimate.estimate)
app.command()(run.run)
app.command()(watch.watch)
app.command()(runs.runs)
app.command()(spending.spending)
app.command()(show.show)
app.command()(report.report)
app.command()(stop.stop)
app.command()(approve.approve)
app.command()(approve.reject)
app.command()(evaluate.evaluate)
app.command()(compare.compare)
app.add_typer(throughput.app, name="throughput")
app.add_typer(models.app, name="models")
app.add_typer(review.app, name="review")
app.command()(doctor.doctor)
data = typer.Typer(
    help="Check and prepare datasets before a run. Exit status 0: ready; 1: not ready; 2: wrong call.",
    no_args_is_help=True,
)
data.command()(check)
data.command()(convert)
data.command()(split)
data.command()(generate)
app.add_typer(data, name="data")
app.add_typer(local.app, name="local")


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(tuner.__version__)


def _print_version(wanted: bool) -> None:
    if wanted:
        version()
        raise typer.Exit


@app.callback()
def options(
    show_version: Annotated[
        bool,
        # Eager: Click runs the callback before it asks for a subcommand.
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Fine-tune Amazon Bedrock models: a dataset in, an evaluated model out, nothing left running."""
