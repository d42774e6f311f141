"""Every command that a message names can be pasted: it exists, and has the options that the call had."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer.main

from tests.unit.cli.fake_aws import Execution, FakeAws, Outcome, Tuner
from tests.unit.cli.histories import History
from tests.unit.cli.samples import REQUEST, failed, report
from tuner.cli.app import app
from tuner.cli.terminal import hints

ROOT = Path(__file__).parents[4]
HINT = re.compile(r"\btuner ((?:throughput|models|review) (?:list|release|delete|import|export)|[a-z]+)\b(.{0,40})")
# Commands of the local cloud itself, and those that no deployment answers.
WITHOUT_OPTIONS = {"local", "data", "version"}


@pytest.fixture(autouse=True)
def no_cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tuner.cli.options.use_local_cloud", lambda: None)
    monkeypatch.setattr("tuner.cli.commands.deployment.doctor.use_local_cloud", lambda: None)


def found(outcome: Outcome) -> list[tuple[str, str]]:
    text = " ".join(outcome.err.split())
    return [(name, rest) for name, rest in HINT.findall(text) if name not in WITHOUT_OPTIONS]


def _waiting(aws: FakeAws) -> None:
    aws.add(Execution("faq-1", "RUNNING", history=History().is_in("Ask for approval")))
    aws.put("faq-1", "approval/request.json", REQUEST)

    def end() -> None:
        aws.executions["faq-1"].status = "ABORTED"

    aws.after["GetExecutionHistory"] = end


def _ended(aws: FakeAws) -> None:
    aws.add(Execution("faq-1"))
    aws.put("faq-1", "report/report.json", report("faq-1"))


def _failed(aws: FakeAws) -> None:
    aws.add(failed("faq-1", cause="Gone. To train again: tuner run faq-1 --again."))


def _nothing(aws: FakeAws) -> None:
    pass


CALLS: list[tuple[Callable[[FakeAws], None], list[str]]] = [
    (_nothing, ["runs"]),
    (_nothing, ["show"]),
    (_nothing, ["watch", "nothing"]),
    (_waiting, ["watch", "faq-1"]),
    (_waiting, ["show", "faq-1"]),
    (_ended, ["watch", "faq-1"]),
    (_failed, ["watch", "faq-1"]),
    (_failed, ["show", "faq-1"]),
    (_failed, ["report", "faq-1"]),
    (_failed, ["compare", "faq-1", "faq-1"]),
    (_failed, ["review", "export", "faq-1"]),
    (lambda aws: aws.add(Execution("faq-1", "RUNNING")), ["reject", "faq-1"]),
    (lambda aws: aws.add(Execution("faq-1", "RUNNING")), ["approve", "faq-1"]),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("prepare", "call"), CALLS, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
@pytest.mark.parametrize("given", [["--local"], ["--stack", "My Stack"], ["--local", "--stack", "My Stack"]], ids=str)
def test_hints_have_the_options_of_the_call(
    aws: FakeAws, tuner: Tuner, prepare: Callable[[FakeAws], None], call: list[str], given: list[str]
) -> None:
    aws.stacks["My Stack"] = aws.stacks["BedrockTuner"]
    prepare(aws)
    named = found(tuner(*call, *given))
    assert named
    for name, rest in named:
        assert rest.startswith(f" {shlex.join(given)}"), f"tuner {name}{rest}"


def test_hints_without_options_stay_as_they_are(aws: FakeAws, tuner: Tuner) -> None:
    tuner("runs", "--local")
    assert "give 'tuner run' the folder" in " ".join(tuner("runs").err.split())


def test_options_of_the_environment_are_not_repeated(
    aws: FakeAws, tuner: Tuner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUNER_LOCAL", "1")
    assert "give 'tuner run' the folder" in " ".join(tuner("runs").err.split())


def test_an_option_that_the_hinted_command_lacks_is_left_out(aws: FakeAws, tuner: Tuner) -> None:
    aws.stacks["Other"] = aws.stacks["BedrockTuner"]
    tuner("runs", "--local", "--stack", "Other")
    assert hints.pasteable("tuner evaluate --base F") == "tuner evaluate --local --base F"
    assert hints.pasteable("tuner local down, tuner data check F") == "tuner local down, tuner data check F"
    assert hints.pasteable("tuner runs; tuner throughput release ARN.") == (
        "tuner runs --local --stack Other; tuner throughput release --local --stack Other ARN."
    )
    once = hints.pasteable("tuner show RUN")
    assert hints.pasteable(once) == once


def test_a_file_name_with_spaces_is_quoted(aws: FakeAws, tuner: Tuner, tmp_path: Path) -> None:
    aws.add(Execution("faq-1"))
    aws.put("faq-1", "scores/review.csv", "question\nWhy?\n")
    outcome = tuner("review", "export", "faq-1", "--output", str(tmp_path / "my review.csv"), "--local")
    command = outcome.err.replace("\n", "").partition("then: ")[2]
    assert shlex.split(command) == ["tuner", "review", "import", "--local", "faq-1", str(tmp_path / "my review.csv")]


def _trees(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    for folder in folders:
        yield from ((path.name, ast.parse(path.read_text("utf-8"))) for path in (ROOT / folder).rglob("*.py"))


def _strings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The texts of a module, each with the id of its node."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield id(node), node.value


def _texts() -> Iterator[tuple[str, str]]:
    for place, tree in _trees("tuner", "lambdas", "stacks", "local"):
        yield from ((place, text) for _, text in _strings(tree))


@pytest.mark.slow
def test_every_command_that_a_message_names_exists() -> None:
    names = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]  # a group of Typer's private Click
    prose = {"in", "must", "is", "needs", "command", "and", "with", "logic", "stack", "dir"}
    for place, text in _texts():
        for name in re.findall(r"(?<![\w.-])tuner ([a-z]+)", text):
            assert name in names | prose, f"{place}: tuner {name}"


# Signatures in help texts and pages of the documentation name what a command takes. Messages must not.
_SIGNATURES = {"cli_page.py", "resources.py"}
_PLACEHOLDER = re.compile(r"\btuner [a-z]+(?: [a-z]+)?(?: --?[a-z-]+)* ['\"]?[A-Z]{2,}\b(?!\.)")


@pytest.mark.slow
@pytest.mark.thorough
def test_no_message_names_a_command_with_a_placeholder() -> None:
    wrong = [
        f"{place}: {text}" for place, text in _messages() if place not in _SIGNATURES and _PLACEHOLDER.search(text)
    ]
    assert not wrong


def _messages() -> Iterator[tuple[str, str]]:
    """The texts of the code that are neither docstrings nor help texts."""
    for place, tree in _trees("tuner", "lambdas", "local"):
        described = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        described |= {
            id(each)
            for node in ast.walk(tree)
            if isinstance(node, ast.keyword) and node.arg in ("help", "metavar", "description")
            for each in ast.walk(node.value)
        }
        yield from ((place, text) for node, text in _strings(tree) if node not in described)


def test_the_pattern_of_this_file_finds_hints() -> None:
    outcome = Outcome(0, "", f"See tuner show faq-1 at {datetime.now(UTC)}, or tuner models delete RUN")
    assert [name for name, _ in found(outcome)] == ["show", "models delete"]
