"""What a terminal and a JSON parser get of a run whose artifacts are full of hostile text."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.cli.fake_aws import Execution, FakeAws, Outcome
from tests.unit.reporting.sample import RUN, artifacts
from tests.unit.reporting.test_foreign_text import hostile_report
from tuner.aws.s3.run_folder import RunFolder
from tuner.reporting import build
from tuner.reporting.publish import publish

Tuner = Callable[..., Outcome]
# Escapes that clear the screen, set the title and make a link; marks that reorder or hide.
POISON = "\x1b[2J\x1b]0;t\x07\x1b]8;;http://evil\x1b\\\x9b31m\x00\r\u202e\u2066\u200b\U000e0041"
HOSTILE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202e\u2066\U000e0041\ud800-\udfff]")


@pytest.fixture
def run(aws: FakeAws) -> str:
    """The id of a run whose report, summary and pages have the text in every member that takes it."""
    for name, data in artifacts().items():
        aws.put(RUN, name, data.decode())
    folder = RunFolder("tuner-artifacts", RUN, s3=aws.s3)
    publish(folder, hostile_report(build(folder), POISON))
    aws.add(Execution(RUN, status="FAILED", error=f"Error{POISON}", cause=f"cause {POISON} " * 9))
    return RUN


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ("show",),
        ("show", "--json"),
        ("watch",),
        ("compare", RUN),
        ("compare", RUN, "--json"),
        ("review", "export", "--output", "-"),
        ("review", "export", "--random", "10", "--output", "-"),
    ],
)
@pytest.mark.thorough
def test_no_command_prints_what_a_terminal_obeys(run: str, tuner: Tuner, arguments: tuple[str, ...]) -> None:
    command = arguments[:2] if arguments[0] == "review" else arguments[:1]
    outcome = tuner(*command, run, *arguments[len(command) :])
    assert not HOSTILE.search(outcome.err)
    assert not HOSTILE.search(outcome.out.replace("\r\n", "\n").removeprefix("\ufeff"))
    if "--json" in arguments and outcome.out:
        assert json.loads(outcome.out)


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [("runs",), ("runs", "--json"), ("spending",), ("spending", "--json")])
def test_no_list_prints_what_a_terminal_obeys(run: str, tuner: Tuner, arguments: tuple[str, ...]) -> None:
    outcome = tuner(*arguments)
    assert outcome.status == 0, outcome.err
    assert not HOSTILE.search(outcome.err + outcome.out)


@pytest.mark.slow
def test_a_name_or_key_of_a_run_that_is_hostile_is_no_file_elsewhere(
    run: str, aws: FakeAws, tuner: Tuner, tmp_path: Any
) -> None:
    """Names of objects become names of files."""
    for name in ("report/../../../escaped.html", "report//abs.html", "report/a\x1b]0;t\x07.html"):
        aws.s3.put_object(Bucket="tuner-artifacts", Key=f"runs/{run}/{name}", Body=b"x")
    outcome = tuner("report", run, "--no-open", "--output", str(tmp_path / "a" / "b" / "c"))
    assert not HOSTILE.search(outcome.err)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path for path in files if tmp_path / "a" / "b" / "c" not in path.parents] == []
