"""The commands of reports and notifications can be pasted: the command line's own parser takes them as they are."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.exceptions import Exit, TyperException

from tests.unit.cli.samples import report as sample
from tuner.artifacts.report import Failure, Report
from tuner.cli.app import app
from tuner.cli.terminal import hints
from tuner.core.errors import RunRefusedError
from tuner.reporting import notification_text
from tuner.reporting.collect.build import advised

ROOT = Path(__file__).parents[4]
RUN = "faq-0123456789ab"
ERRORS = [each.__name__ for each in RunRefusedError.__subclasses__()] + ["States.Timeout", "AwsError"]


def parse(command: str) -> None:
    """Parses a command as a shell and `tuner` do. Raises an error of Click for what they do not take."""
    program, *words = shlex.split(command)
    assert program == "tuner"
    assert not [word for word in words if re.fullmatch(r"[A-Z]{2,}", word)], f"a placeholder: {command}"
    group: Any = typer.main.get_command(app)
    while hasattr(group, "commands") and words and not words[0].startswith("-"):  # `tuner models` is complete
        group, words = group.commands[words[0]], words[1:]
    group.make_context("tuner", words)


# Where a message names a command as the way in which something is done. What it takes is not known there.
_NAMED_ONLY = {
    ("arrival.py", "run"),
    ("cli_page.py", "run"),
    ("demo.py", "data check"),
    ("demo.py", "run"),
    ("failure_message.py", "stop"),
    ("permissions_page.py", "estimate --stack"),
    ("permissions_page.py", "review import"),
    ("pinned_inputs.py", "run"),
    ("run_lookup.py", "run"),
    ("stop.py", "stop"),
}
# Commands that the parser takes without an argument, and that then ask for one of two.
_NEEDS_ONE_OF_TWO = {"models delete", "throughput release"}


@pytest.mark.slow
@pytest.mark.parametrize("options", [[], ["--local"]], ids=["plain", "with --local"])
@pytest.mark.thorough
def test_every_command_of_a_message_has_what_it_needs(options: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Values in a message are replaced by `1`, which is a run, a file and a number."""
    monkeypatch.setattr(hints, "_given", {option: option for option in options})
    monkeypatch.setattr(hints, "_root", [typer.main.get_command(app)])
    found = {(place, command) for place, text in _messages() for command in _commands_in(hints.pasteable(text))}
    assert len(found) > 50
    if options:
        assert sum(command.endswith(" --local") or " --local " in command for _, command in found) > 40
    incomplete = {(place, command.removesuffix(" --local")) for place, command in found if not _is_complete(command)}
    assert incomplete == _NAMED_ONLY


def _is_complete(command: str) -> bool:
    if command.removesuffix(" --local") in _NEEDS_ONE_OF_TWO:
        return False
    try:
        parse(f"tuner {command}")
    except Exit:  # it ends with --help
        return True
    except TyperException:
        return False
    return True


def _messages() -> Iterator[tuple[str, str]]:
    """The texts of the code with the module they are in, without docstrings and help texts."""
    for folder in ("tuner", "lambdas", "local", "stacks"):
        for path in (ROOT / folder).rglob("*.py"):
            tree = ast.parse(path.read_text("utf-8"))
            yield from ((path.name, text) for text in _texts(tree))


def _texts(tree: ast.AST) -> Iterator[str]:
    for node in ast.iter_child_nodes(tree):
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if is_docstring or (isinstance(node, ast.keyword) and node.arg in ("help", "metavar", "description")):
            continue
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "1" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        else:
            yield from _texts(node)


def _commands_in(text: str) -> Iterator[str]:
    """The commands that a text names: in quotation marks, or up to the end of the sentence or clause."""
    for found in re.finditer(r"(?<![\w.-])(['`]?)tuner (?=[a-z])", text):
        mark, rest = found[1], text[found.end() :].partition("\n")[0]
        yield rest.split(mark)[0] if mark else re.split(r"[.,;:](?:\s|$)|\)|['\"`]", rest)[0]


def commands_of(text: str) -> Iterator[str]:
    return (found[1] for found in re.finditer(r"`(tuner [^`]*)`", text))


def reports() -> Iterator[Report]:
    base = Report.model_validate(sample(RUN))
    yield base
    for status in ("ABORTED", "TIMED_OUT"):
        yield base.model_copy(update={"status": status, "failure": Failure(error="Stopped", message="Why.")})
    for error in ERRORS:
        yield base.model_copy(update={"status": "FAILED", "failure": Failure(error=error, message="Why.")})


@pytest.mark.parametrize("local", [False, True])
def test_every_command_of_a_report_and_a_notification_is_one(local: bool) -> None:
    found = set()
    for each in reports():
        if local and each.models.base:
            stand_in = each.models.base.model_copy(update={"stand_in": True})
            each = each.model_copy(update={"models": each.models.model_copy(update={"base": stand_in})})
        complete = advised(each)
        found |= {command for step in complete.next_steps for command in step.commands}
        found |= set(commands_of(notification_text(complete)))
    assert {command.split()[1] for command in found} >= {"run", "report", "show", "doctor"}
    for command in found:
        parse(command)


def test_the_parser_refuses_what_is_no_command() -> None:
    for command in ("tuner run", "tuner show faq-1 --agian", "tuner report faq-1 more words"):
        with pytest.raises(Exception, match=r"Missing|No such option|unexpected"):
            parse(command)
    with pytest.raises(AssertionError, match="placeholder"):
        parse("tuner run PATH --again")
