"""The `tuner` command: what its subcommands are."""

from __future__ import annotations

import typer

import tuner
from tuner.cli.commands import (
    approve,
    compare,
    data,
    doctor,
    estimate,
    evaluate,
    local,
    models,
    report,
    review,
    run,
    runs,
    stop,
    throughput,
    watch,
)

app = typer.Typer(
    name="tuner",
    help="Fine-tune Amazon Bedrock models: a dataset in, an evaluated model out, nothing left running.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(estimate.estimate)
app.command()(run.run)
app.command()(watch.watch)
app.command()(runs.runs)
app.command()(runs.show)
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
app.add_typer(data.app, name="data")
app.add_typer(local.app, name="local")


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(tuner.__version__)
