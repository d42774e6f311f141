"""The messages of options with a wrong value: in plain words, with the value, for every command."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from tests.unit.cli.fake_aws import Tuner
from tuner.cli.app import app


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("data", "check", "f", "--role", "tests"), "'tests' is not one of 'training', 'validation', 'evaluation'."),
        (("run", "f", "--wait-for", "noon"), "'noon' is not one of 'start', 'gate', 'end'."),
        (("data", "split", "f", "--output", "o", "--fraction", "half"), "must be a number; found 'half'."),
        (("data", "split", "f", "--output", "o", "--fraction", "0.9"), "must be 0.5 or less; found '0.9'."),
        (("data", "generate", "f", "--output", "o", "--count", "many"), "must be a whole number; found 'many'."),
        (("data", "generate", "f", "--output", "o", "--count", "0"), "must be 1 or more; found '0'."),
        (("runs", "--limit", "5000"), "must be 1,000 or less; found '5000'."),
    ],
)
def test_a_wrong_value_is_named_with_its_rule(tuner: Tuner, arguments: tuple[str, ...], said: str) -> None:
    outcome = tuner(*arguments)
    assert outcome.status == 2
    assert outcome.err.rstrip().endswith(f"Error: Invalid value for '{arguments[-2]}': {said}")


@pytest.mark.parametrize("arguments", [("data", "check", "{}"), ("data", "check", "f.csv", "--model", "{}")])
def test_a_message_has_nothing_that_a_terminal_would_obey(
    tuner: Tuner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "f.csv").write_text("question,answer\nq,a\n")
    outcome = tuner(*(part.format("a\x1b]0;b\x07c\u202ed") for part in arguments))
    assert outcome.status == 2
    assert "a\ufffd]0;b\ufffdc\ufffdd" in outcome.err
    assert not set("\x1b\x07\u202e") & set(outcome.err)


def options(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    for name, inner in getattr(command, "commands", {}).items():
        yield from options(inner, (*path, name))
    if not getattr(command, "commands", {}):
        for parameter in command.params:
            if parameter.param_type_name == "option" and not parameter.is_flag:
                yield path, parameter.opts[0]


@pytest.mark.slow
@pytest.mark.parametrize(("path", "option"), list(options(typer.main.get_command(app))), ids=str)
@pytest.mark.thorough
def test_no_message_has_the_words_of_pydantic(tuner: Tuner, path: tuple[str, ...], option: str) -> None:
    said = tuner(*path, option, "?!").err
    assert "Value error" not in said
    assert "Input should" not in said
