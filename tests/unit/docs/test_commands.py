"""The commands and settings that the pages show exist: `tuner` commands, `make` targets, modules and `-c` settings."""

from __future__ import annotations

import importlib.util
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
    *sorted(CHECKOUT.glob("*.md")),
    *sorted((CHECKOUT / "docs").rglob("*.md")),
    *sorted((CHECKOUT / "examples").glob("*/README.md")),
)
_SHELL = {"sh", "bash"}
_SETTING = re.compile(r"-c ([a-z_][a-z_.-]*=[^\s`'\";)]+)")


def lines_of(text: str) -> Iterator[str]:
    """The commands in the page's shell blocks."""
    language: str | None = None
    for line in text.splitlines():
        if line.startswith("```"):
            language = line.removeprefix("```").strip() if language is None else None
        elif language in _SHELL:
            yield from re.split(r"\s&&\s|\s\|\s", line.partition(" #")[0].strip())


def written() -> Iterator[tuple[str, str]]:
    """Page and command of every `tuner` call in a shell block. Optional parts in `[...]` are included."""
    for page in PAGES:
        for line in lines_of(page.read_text("utf-8")):
            command = re.match(r"(?:\w+=\S+ )*(tuner .+)", line)
            # A comment may follow after two blanks.
            if command:
                yield page.name, re.split(r"\s{2,}", command[1].replace("[", "").replace("]", ""))[0]


# Values for the words in capitals that a reader replaces.
PLACEHOLDERS = {
    "SUBNET_A": "subnet-0123456789abcdef0",
    "SUBNET_B": "subnet-0123456789abcdef1",
    "GROUP": "sg-0123456789abcdef0",
    "POLICY": "arn:aws:iam::123456789012:policy/boundary",
    "KEY_ARN": "arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012",
}
COMMANDS = sorted(set(written()))
# In a code span, or at the beginning of a line of code.
_MAKE = re.compile(r"(?:`|^)make ([a-z]+)", re.MULTILINE)
_MODULE = re.compile(r"(?:`|^)(?:\S+/)?python3? -m ([\w.]+)", re.MULTILINE)
TARGETS = sorted({(page.name, name) for page in PAGES for name in _MAKE.findall(page.read_text("utf-8"))})
MODULES = sorted({(page.name, name) for page in PAGES for name in _MODULE.findall(page.read_text("utf-8"))})
SETTINGS = {page.name: found for page in PAGES if (found := _SETTING.findall(page.read_text("utf-8")))}


def parsed(words: list[str]) -> Any:
    """The context of the command with its options and arguments parsed. Nothing is run."""
    command: Any = typer.main.get_command(app)
    context = command.make_context("tuner", words)
    while hasattr(command, "resolve_command") and (rest := [*context._protected_args, *context.args]):
        name, command, rest = command.resolve_command(context, rest)
        context = command.make_context(name, rest, parent=context)
    return context


def test_commands_and_settings_are_found() -> None:
    assert len(COMMANDS) > 15
    assert sum(map(len, SETTINGS.values())) > 10
    assert {"demo", "test", "setup"} <= {target for _, target in TARGETS}
    assert MODULES


@pytest.mark.parametrize(("page", "command"), COMMANDS)
def test_every_tuner_command_exists(page: str, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("review.csv").touch()  # `tuner review import` refuses a file that does not exist
    words = shlex.split(command)[1:]
    context = parsed(words)
    assert context.parent is not None, f"{page}: {command}"


@pytest.mark.parametrize(
    "command", ["tuner nothing", "tuner run --nothing x", "tuner models remove latest", "tuner doctor x"]
)
def test_a_command_that_does_not_exist_is_noticed(command: str) -> None:
    with pytest.raises(Exception, match=r"No such|unexpected extra"):
        parsed(shlex.split(command)[1:])


@pytest.mark.parametrize("page", SETTINGS)
def test_every_setting_exists(page: str) -> None:
    """All settings of a page together, because some need each other."""
    context = json.loads((CHECKOUT / "cdk.json").read_text("utf-8"))["context"]
    for setting in SETTINGS[page]:
        key, _, value = setting.partition("=")
        if "..." not in value:
            context[key] = re.sub(r"\b[A-Z][A-Z_]+\b", lambda word: PLACEHOLDERS.get(word[0], word[0]), value)
    deployment_settings(context)


@pytest.mark.parametrize(("page", "target"), TARGETS)
def test_every_make_target_exists(page: str, target: str) -> None:
    makefile = (CHECKOUT / "Makefile").read_text("utf-8")
    assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"{page}: make {target}"


@pytest.mark.parametrize(("page", "module"), MODULES)
def test_every_module_that_python_is_told_to_run_exists(page: str, module: str) -> None:
    assert importlib.util.find_spec(module), f"{page}: python -m {module}"
