"""The live display in terminals of several sizes, and the plain display for logs."""

import io
import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from tests.unit.cli.histories import BEGAN, DEFINITION, TO_THE_END, TO_TRAINING, History
from tuner.cli.progress.display import LiveDisplay, PlainDisplay
from tuner.cli.progress.executions import Run
from tuner.cli.progress.follow import Snapshot
from tuner.cli.progress.paid_window import PaidWindow
from tuner.cli.progress.steps import Checklist, HistoryEvent, StepPlan
from tuner.cli.progress.training import EpochLosses, TrainingProgress
from tuner.cli.terminal.console import SafeConsole, is_live

JOB = TrainingProgress(
    "InProgress",
    step=12,
    steps=44,
    epoch=2,
    epochs=4,
    loss=1.9,
    done=(EpochLosses(1, 2.54, 3.25),),
)


def snapshot(history: History, **values: Any) -> Snapshot:
    checklist = Checklist(StepPlan(DEFINITION))
    checklist.update(
        HistoryEvent.of({**event, "timestamp": BEGAN + timedelta(seconds=event["id"])}) for event in history.events
    )
    run = Run("faq-0123456789ab", "RUNNING", BEGAN, BEGAN + timedelta(seconds=185), "faq")
    return replace(Snapshot(run, checklist.steps, checklist.failed), **values)


def drawn(found: Snapshot, width: int = 80, height: int = 24) -> list[str]:
    target = Console(file=io.StringIO(), width=width, height=height, force_terminal=True, color_system=None)
    view = LiveDisplay()
    view.show(found)
    with target.capture() as captured:
        target.print(view)
    return captured.get().splitlines()


def written(*found: Snapshot) -> list[str]:
    target = Console(file=io.StringIO(), width=80)
    view = PlainDisplay(target)
    for each in found:
        view.show(each)
    return target.file.getvalue().splitlines()  # type: ignore[attr-defined]


TRAINING = snapshot(History().is_in(*TO_TRAINING), training=JOB)


class TestLive:
    def test_heading_steps_bar_losses_and_money(self) -> None:
        window = PaidWindow("provisioned", "2026-11-23T08:00:00Z", "2026-11-23T08:01:40Z", None)
        estimate = "$1.95 and 2 unknown prices; the budget is $500.00"
        lines = drawn(replace(TRAINING, window=window, estimate=estimate, spent="at most $0.30"), height=50)
        assert lines[0] == "faq-0123456789ab  running for 3 min 05 s"
        assert lines[1].startswith("✓ Wait for a preparation place") and lines[1].endswith("s")
        assert any("step 12/44  epoch 2/4  loss 1.90" in line for line in lines)
        assert "  epoch 1: training loss 2.54, validation loss 3.25" in [line.rstrip() for line in lines]
        assert lines[-3].rstrip() == f"Estimated cost: {estimate}"
        assert lines[-2].rstrip() == "Spent so far: at most $0.30"
        assert lines[-1].rstrip() == "Paid window: closed after 1 min 40 s, price unknown"

    @pytest.mark.parametrize("width", [60, 80, 120])
    def test_no_line_is_wider_than_the_terminal(self, width: int) -> None:
        assert max(map(len, drawn(TRAINING, width))) <= width

    def test_a_low_terminal_folds_done_steps_and_keeps_the_running_one(self) -> None:
        lines = drawn(TRAINING, height=16)
        assert len(lines) < len(drawn(TRAINING, height=60))
        assert any(re.search(r"\d steps done", line) for line in lines)
        assert any("Wait for the training" in line for line in lines)
        assert not any("Pin the inputs" in line for line in lines)

    @pytest.mark.parametrize("height", [12, 16, 24])
    @pytest.mark.parametrize("went", [TO_TRAINING[:1], TO_TRAINING, TO_THE_END[:-1]], ids=["first", "training", "last"])
    def test_the_cost_and_the_running_step_are_always_visible(self, went: tuple[str, ...], height: int) -> None:
        history = History().is_in(*went)
        job = JOB if went == TO_TRAINING else None
        request = (
            "waits until 2026-11-24 08:00 UTC for: tuner approve faq-0123456789ab, or tuner reject faq-0123456789ab"
        )
        found = snapshot(history, training=job, spent="at most $0.30", approval=request)
        lines = drawn(found, height=height)
        assert len(lines) < height
        assert "Spent so far: at most $0.30" in [line.rstrip() for line in lines]
        assert " ".join(line.strip() for line in lines).endswith(request)
        assert any(went[-1] in line for line in lines)

    def test_no_more_steps_are_folded_than_necessary(self) -> None:
        lines = drawn(TRAINING, height=26)
        assert len(lines) == 25
        assert lines[1].startswith("✓ 8 steps done")
        assert "· Notify of success" in lines[-1]

    def test_waiting_steps_are_folded_when_no_step_is_done(self) -> None:
        lines = drawn(snapshot(History().is_in(*TO_TRAINING[:1])), height=12)
        assert re.match(r"· \d+ steps left", lines[-1])

    def test_a_single_snapshot_is_not_folded(self) -> None:
        target = Console(file=io.StringIO(), width=80, height=12)
        target.print(LiveDisplay(TRAINING, folds=False))
        assert "steps done" not in target.file.getvalue()  # type: ignore[attr-defined]

    def test_stages_are_shown_when_bedrock_reports_no_steps(self) -> None:
        job = TrainingProgress("InProgress", (("validation", "Completed"), ("training", "InProgress")))
        assert any(
            "validation: Completed  training: InProgress" in line for line in drawn(replace(TRAINING, training=job))
        )

    def test_a_failed_poll_is_shown(self) -> None:
        assert drawn(replace(TRAINING, problem="Could not look: slow down"))[-1].rstrip() == (
            "No answer from AWS: Could not look: slow down"
        )


class TestPlain:
    def test_every_change_is_one_line(self) -> None:
        lines = written(TRAINING, TRAINING, snapshot(History().went(*TO_THE_END).ended("Succeeded"), training=JOB))
        assert sum("Wait for the training" in line for line in lines) == 2
        assert lines.count("    epoch 1 of 4: training loss 2.54, validation loss 3.25") == 1
        assert lines.count("    step 12 of 44, loss 1.90") == 1
        assert lines[-1].startswith("✓ Notify of success (")

    def test_the_cost_is_printed_after_the_ended_steps(self) -> None:
        lines = written(replace(TRAINING, spent="at most $0.30"))
        assert [line for line in lines if "✓" in line or "spent" in line][-1] == "    spent so far: at most $0.30"
        assert sum("spent" in line for line in lines) == 1

    def test_a_failed_poll_and_its_recovery_are_printed_once(self) -> None:
        silent = replace(TRAINING, problem="Could not look: slow down")
        lines = written(TRAINING, silent, silent, TRAINING)
        assert lines.count("  ! Could not look: slow down") == 1
        assert lines[-1] == "  AWS responds again"


def test_control_characters_in_text_are_not_printed() -> None:
    target = SafeConsole(file=io.StringIO(), force_terminal=True, color_system=None, markup=False)
    target.print("a\x1b[2Jb\x07c\u202ed [bold]e[/]")
    assert target.file.getvalue() == "a\ufffd[2Jbc\ufffdd [bold]e[/]\n"  # type: ignore[attr-defined]


def test_nothing_is_redrawn_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("CI", raising=False)
    terminal = Console(file=io.StringIO(), force_terminal=True)
    assert is_live(terminal)
    monkeypatch.setenv("CI", "true")
    assert not is_live(terminal)


def test_the_duration_of_a_running_step_is_measured_until_now() -> None:
    running = next(step for step in TRAINING.steps if step.mark == "running")
    assert running.started is not None
    assert running.seconds(running.started + timedelta(seconds=5)) == 5
    assert isinstance(running.started, datetime)


def test_what_the_documents_gave_is_shown_once() -> None:
    said = "From the documents: 28 of 28 training questions, each set from other parts of them."
    found = replace(TRAINING, generated=said)
    assert [line.strip() for line in written(TRAINING, found, found)].count(said) == 1
    assert said in " ".join(" ".join(drawn(found)).split())
