"""The reference can be read: every command, argument and option says what it is."""

import re

from tuner.cli import reference


def test_every_row_says_what_it_means() -> None:
    rows = [line for line in reference.page().splitlines() if line.startswith("| `")]
    assert len(rows) > 20
    assert all(re.search(r"[a-z]{2}", row.split(" | ")[1]) for row in rows)


def test_nothing_is_unnamed() -> None:
    assert "None" not in reference.page()
    for command in ("run", "watch", "runs", "show", "report", "stop", "doctor", "local up", "local env", "version"):
        assert f"## `tuner {command}" in reference.page()
