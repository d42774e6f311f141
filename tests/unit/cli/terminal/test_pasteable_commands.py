"""The commands of reports and notifications can be pasted: the command line's own parser takes them as they are."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer.main

from tests.unit.cli.samples import report as sample
from tuner.artifacts.report import Failure, Report
from tuner.cli.app import app
from tuner.core.errors import RunRefusedError
from tuner.reporting import notification_text
from tuner.reporting.collect.build import advised

RUN = "faq-0123456789ab"
ERRORS = [each.__name__ for each in RunRefusedError.__subclasses__()] + ["States.Timeout", "AwsError"]


def parse(command: str) -> None:
    """Parses a command as a shell and `tuner` do. Raises an error of Click for what they do not take."""
    program, *words = shlex.split(command)
    assert program == "tuner"
    assert not [word for word in words if re.fullmatch(r"[A-Z]{2,}", word)], f"a placeholder: {command}"
    group: Any = typer.main.get_command(app)
    while hasattr(group, "commands"):
        group, words = group.commands[words[0]], words[1:]
    group.make_context("tuner", words)


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
