"""Every `tuner` command and every `-c` setting of the pages is one that there is."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from tuner.cli.app import app
from tuner.settings import deployment_settings

CHECKOUT = Path(__file__).parents[3]
PAGES = (
    *(CHECKOUT / name for name in ("README.md", "CONTRIBUTING.md") if (CHECKOUT / name).exists()),
    *sorted((CHECKOUT / "docs").rglob("*.md")),
    *sorted((CHECKOUT / "examples").glob("*/README.md")),
)
_SHELL = {"sh", "bash"}
_SETTING = re.compile(r"-c ([a-z_][a-z_.-]*=[^\s`'\";)]+)")


def lines_of(text: str) -> Iterator[str]:
    """The lines of the shell's blocks, a command each."""
    language: str | None = None
    for line in text.splitlines():
        if line.startswith("```"):
            language = line.removeprefix("```").strip() if language is None else None
        elif language in _SHELL:
            yield from re.split(r"\s&&\s|\s\|\s", line.partition(" #")[0].strip())


def written() -> Iterator[tuple[str, str]]:
    """Page and command: what begins with `tuner` in a block, and where `[...]` stands, what is in it."""
    for page in PAGES:
        for line in lines_of(page.read_text("utf-8")):
            command = re.match(r"(?:\w+=\S+ )*(tuner .+)", line)
            # Two blanks: the rest of the line explains, in a block that is no shell's.
            if command:
                yield page.name, re.split(r"\s{2,}", command[1].replace("[", "").replace("]", ""))[0]


# What a reader puts in the place of a word in capitals.
PLACEHOLDERS = {
    "SUBNET_A": "subnet-0123456789abcdef0",
    "SUBNET_B": "subnet-0123456789abcdef1",
    "GROUP": "sg-0123456789abcdef0",
    "POLICY": "arn:aws:iam::123456789012:policy/boundary",
    "KEY_ARN": "arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012",
}
COMMANDS = sorted(set(written()))
SETTINGS = {page.name: found for page in PAGES if (found := _SETTING.findall(page.read_text("utf-8")))}


def parsed(words: list[str]) -> Any:
    """The context of the command, its options and arguments read, nothing run."""
    command: Any = typer.main.get_command(app)
    context = command.make_context("tuner", words)
    while hasattr(command, "resolve_command") and (rest := [*context._protected_args, *context.args]):
        name, command, rest = command.resolve_command(context, rest)
        context = command.make_context(name, rest, parent=context)
    return context


def test_there_are_commands_and_settings_to_look_at() -> None:
    assert len(COMMANDS) > 15
    assert sum(map(len, SETTINGS.values())) > 10


@pytest.mark.parametrize(("page", "command"), COMMANDS)
def test_every_command_is_one_that_there_is(
    page: str, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("review.csv").touch()  # `tuner review import` refuses a file that does not exist
    words = shlex.split(command)[1:]
    context = parsed(words)
    assert context.parent is not None, f"{page}: {command}"


@pytest.mark.parametrize(
    "command", ["tuner nothing", "tuner run --nothing x", "tuner models remove latest", "tuner doctor x"]
)
def test_what_there_is_not_is_found(command: str) -> None:
    with pytest.raises(Exception, match=r"No such|unexpected extra"):
        parsed(shlex.split(command)[1:])


@pytest.mark.parametrize("page", SETTINGS)
def test_every_setting_is_one_that_there_is(page: str) -> None:
    """All of a page together: some belong together."""
    context = json.loads((CHECKOUT / "cdk.json").read_text("utf-8"))["context"]
    for setting in SETTINGS[page]:
        key, _, value = setting.partition("=")
        if "..." not in value:
            context[key] = re.sub(r"\b[A-Z][A-Z_]+\b", lambda word: PLACEHOLDERS.get(word[0], word[0]), value)
    deployment_settings(context)
