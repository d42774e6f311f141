"""Writes leaderboard_figures.json: published leaderboards of AlpacaEval, with the counts of their annotations.

    pip download alpaca_eval==0.6.6 --no-deps
    python tests/unit/evaluation/leaderboard_figures.py alpaca_eval-0.6.6-py3-none-any.whl

The package (Apache License 2.0) has the published win rates and standard errors, and how many of the annotations are
wins, losses and draws. Where each annotation is one of these three, the counts are all that the annotations say. The
package does not have the annotations of leaderboards with weighted preferences, so these are not in the file.
"""

from __future__ import annotations

import csv
import io
import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

FIGURES = Path(__file__).with_suffix(".json")
_FOLDER = "alpaca_eval/leaderboards/"
_JOINED = ",\n  "
Row = tuple[str, int, int, int, float, float]


def main() -> None:
    """Writes the file."""
    with zipfile.ZipFile(sys.argv[1]) as package:
        names = sorted(name for name in package.namelist() if name.startswith(_FOLDER) and name.endswith(".csv"))
        boards = {
            name.removeprefix(_FOLDER): list(_rows(package.read(name).decode()))
            for name in names
            if "/data_" in name and "weighted" not in name
        }
    # One row a line.
    written = [f" {json.dumps(name)}: [\n  {_JOINED.join(map(json.dumps, rows))}\n ]" for name, rows in boards.items()]
    FIGURES.write_text("{\n" + ",\n".join(written) + "\n}\n", "utf-8")


def _rows(text: str) -> Iterator[Row]:
    """Model, wins, losses, draws, win rate and standard error."""
    for row in csv.DictReader(io.StringIO(text)):
        wins, losses, draws = (int(float(row[name])) for name in ("n_wins", "n_wins_base", "n_draws"))
        yield row[""], wins, losses, draws, float(row["win_rate"]), float(row["standard_error"])


if __name__ == "__main__":
    main()
