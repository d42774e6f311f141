"""Ctrl-C in a real terminal: one line that says what goes on, status 130, and no traceback."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tuner.cli.entry_point import main

ROOT = Path(__file__).parents[4]


def read(terminal: int, until: str = "") -> str:
    """What the terminal shows until a text appears, or until the program has closed it."""
    shown = b""
    ends = time.monotonic() + 60
    while not (until and until in shown.decode(errors="replace")):
        left = max(0.0, ends - time.monotonic())
        assert select.select([terminal], [], [], left)[0], f"nothing more came after: {shown!r}"
        try:
            piece = os.read(terminal, 1024)
        except OSError:  # Linux reports the closed terminal as an error
            break
        if not piece:
            break
        shown += piece
    return shown.decode(errors="replace")


def in_terminal(terminal: int) -> None:
    """Makes a program what it is in a terminal. A shell starts programs in the background with SIGINT ignored."""
    os.login_tty(terminal)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.slow
@pytest.mark.thorough
def test_ctrl_c_in_a_terminal_is_one_line_and_status_130(tmp_path: Path) -> None:
    (tmp_path / "other.jsonl").write_text('{"question": "q", "answer": "a"}\n')
    other = str(tmp_path / "other.jsonl")
    # It waits for a person to type the answers of the base model.
    command = ["evaluate", "--base", "-", "--tuned", other, "--references", other]
    ours, theirs = pty.openpty()
    started = "ready to read"
    code = (
        "import sys, tempfile; from tuner.cli import main; make = tempfile.mkdtemp\n"
        f"tempfile.mkdtemp = lambda **names: (make(**names), print({started!r}, flush=True))[0]\n"
        "main(sys.argv[1:])"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, *command],
        cwd=ROOT,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        preexec_fn=lambda: in_terminal(theirs),
    ) as process:
        try:
            os.close(theirs)
            assert started in read(ours, until=started)
            os.write(ours, b"\x03")
            shown = read(ours)
            assert process.wait(30) == 130
        finally:
            process.kill()  # else a failed check would wait for a program that waits for a person
    os.close(ours)
    lines = [line for line in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\^C", "", shown).splitlines() if line.strip()]
    assert lines[0].startswith("Interrupted. Nothing was written.")
    assert "Traceback" not in shown
    assert len(lines) <= 2  # the line may be wrapped


def test_a_command_that_says_nothing_itself_ends_with_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tuner.cli.commands.data.check.is_folder", interrupted)
    with pytest.raises(SystemExit) as ended:
        main(["data", "check", "."])
    assert ended.value.code == 130
    assert " ".join(capsys.readouterr().err.split()) == (
        "Interrupted: the command did not finish. A run that it started goes on: see 'tuner runs'."
    )


# Sends the signal when the command has written a part of its output, and shows the folder of standard input's copy.
SIGNALLED = """
import os, signal, sys, tempfile
from tuner.cli import main
from tuner.datasets import io
write = io.LocalSink.write
def signalled(sink, data):
    write(sink, data)
    os.kill(os.getpid(), getattr(signal, sys.argv[1]))
io.LocalSink.write = signalled
main(sys.argv[2:])
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "command"), [("SIGINT", "split"), ("SIGTERM", "convert"), ("SIGTERM", "split"), ("SIGHUP", "convert")]
)
@pytest.mark.thorough
def test_a_signal_leaves_no_part_of_a_file(tmp_path: Path, name: str, command: str) -> None:
    folder, temporary = tmp_path / "output", tmp_path / "temporary"
    folder.mkdir()
    temporary.mkdir()
    records = "".join(f'{{"question": "What is {n}?", "answer": "{n}."}}\n' for n in range(100))
    output = folder / "x.jsonl" if command == "convert" else folder
    done = subprocess.run(
        [sys.executable, "-c", SIGNALLED, name, "data", command, "-", "--output", str(output)],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(temporary)},
        input=records,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: [signal.signal(each, signal.SIG_DFL) for each in (signal.SIGINT, signal.SIGHUP)],
    )
    assert done.returncode == 130, done.stderr
    assert "Traceback" not in done.stderr
    assert "Interrupted" in done.stderr
    assert [*folder.iterdir(), *temporary.iterdir()] == []
