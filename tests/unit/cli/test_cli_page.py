"""Every command, argument and option in docs/cli.md has a description."""

import re

from tuner.cli.cli_page import cli_page


def test_every_argument_and_option_has_a_description() -> None:
    rows = [line for line in cli_page().splitlines() if line.startswith("| `")]
    assert len(rows) > 20
    assert all(re.search(r"[a-z]{2}", row.split(" | ")[1]) for row in rows)


def test_the_page_has_the_commands_and_no_missing_description() -> None:
    assert "None" not in cli_page()
    for command in ("run", "watch", "runs", "show", "report", "stop", "doctor", "local up", "local env", "version"):
        assert f"## `tuner {command}" in cli_page()
