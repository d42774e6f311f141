"""The group `tuner data` and its commands."""

from __future__ import annotations

import typer

from tuner.cli.commands.data.check import check
from tuner.cli.commands.data.convert import convert
from tuner.cli.commands.data.generate import generate
from tuner.cli.commands.data.split import split

app = typer.Typer(
    help="Check and prepare datasets before a run. Exit status 0: ready; 1: not ready; 2: wrong call.",
    no_args_is_help=True,
)
app.command()(check)
app.command()(convert)
app.command()(split)
app.command()(generate)
