"""`--help`, `-h` and `--version`: every command has them, and they fit a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import typer.main

import tuner as package
from tests.unit.cli.fake_aws import Tuner
from tuner.cli.app import app


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name, command in getattr(group, "commands", {}).items():
        yield from commands(command, (*path, name))


@pytest.mark.parametrize("path", list(commands(typer.main.get_command(app))), ids=" ".join)
def test_help_fits_80_columns_without_cut_texts(tuner: Tuner, path: tuple[str, ...]) -> None:
    outcome = tuner(*path, "-h")
    assert outcome.status == 0
    lines = outcome.out.splitlines()
    assert all(len(line) <= 80 for line in lines)
    # Metavars of repeated arguments have dots: `PATH...`.
    cut = [line for line in lines if line.rstrip().endswith(("...", "…")) and not line.startswith("Usage:")]
    assert cut == []
    assert tuner(*path, "--help").out == outcome.out


def test_the_version(tuner: Tuner) -> None:
    assert tuner("--version").out.strip() == package.__version__
    assert tuner("version").out.strip() == package.__version__
