"""The README shows the demo's tables with the headings that the command prints."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from rich.table import Table

from tuner.cli.terminal.score_table import contestant_table, score_table

README = (Path(__file__).parents[3] / "README.md").read_text("utf-8")


def headings(table: Table) -> list[str]:
    return [str(column.header) for column in table.columns]


def test_the_readmes_tables_have_the_headings_that_are_printed() -> None:
    shown = [re.split(r"\s{2,}", line.strip()) for line in README.splitlines()]
    nothing: Any = SimpleNamespace(compared={})
    for table in (score_table({}), contestant_table(nothing)):
        assert headings(table) in shown
