"""What the demo says at its end, and that it takes its cloud down however it ends."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from local import cloud, demo
from local.demo import what_to_look_at
from local.errors import LocalCloudError
from local.folder import FOLDER_VARIABLE
from tests.unit.reporting.sample import RUN
from tuner.artifacts.evaluation.verdict import Verdict
from tuner.artifacts.report import NextStep, Report


def test_the_demo_names_the_report_and_its_first_step() -> None:
    step = NextStep(rule="accept", action="Use the tuned model.", reason="")
    report = Report(
        run_id=RUN,
        status="SUCCEEDED",
        verdict=Verdict(sentence="Better."),
        ended_at="2026-11-23T08:50:00Z",
        folder="s3://artifacts/",
        next_steps=(step,),
    )
    said = what_to_look_at(report, Path("reports/demo"))
    assert "`reports/demo/index.html`" in said
    assert "Use the tuned model." in said
    assert "`tuner data check`" in said
    assert "The demo's cloud is deleted now" in said
    for section in ("What to do next", "Scores", "Questions", "Training", "Time and money"):
        assert section in said


@pytest.fixture
def _signals() -> Iterator[None]:
    """The handlers of the test runner, put back in their places."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    directory = Path.cwd()
    yield
    os.chdir(directory)
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("_signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_demo_takes_its_cloud_down_when_it_is_ended(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    downs = []
    monkeypatch.setenv("LOCAL_OWNER", "")
    monkeypatch.setenv(FOLDER_VARIABLE, "")
    monkeypatch.setattr(cloud, "up", lambda **_: os.kill(os.getpid(), number))
    monkeypatch.setattr(cloud, "down", lambda: downs.append(number))
    assert demo.main() == 130
    assert downs == [number]
    said = " ".join(capsys.readouterr().err.split())
    assert said.endswith("Its local cloud is deleted, and its run with it. Start again with: make demo")


@pytest.mark.usefixtures("_signals")
def test_a_cloud_that_cannot_be_taken_down_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse() -> None:
        raise LocalCloudError("The folder is not mine.")

    monkeypatch.setenv("LOCAL_OWNER", "")
    monkeypatch.setenv(FOLDER_VARIABLE, "")
    monkeypatch.setattr(demo, "_run", lambda: 0)
    monkeypatch.setattr(cloud, "down", refuse)
    assert demo.main() == 1
    assert "The folder is not mine." in capsys.readouterr().err


@pytest.mark.usefixtures("_signals")
def test_a_demo_that_ignores_the_end_of_its_terminal_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    demo._end_with_the_terminal()
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_the_report_of_a_failed_run_outlives_its_cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    called = []

    def tuner(*arguments: str, output: bool = False) -> CompletedProcess[str]:
        called.append(arguments)
        return CompletedProcess(arguments, arguments[0] == "run", json.dumps([{"run_id": RUN}]) if output else "")

    monkeypatch.setattr(demo, "_tuner", tuner)
    with pytest.raises(demo.DemoError, match=f"open reports/{RUN}/index.html.* the commands above do not find it"):
        demo._tune()
    assert called[-1][:2] == ("report", RUN)
