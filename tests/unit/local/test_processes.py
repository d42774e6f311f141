"""The processes of a cloud are found by their mark."""

import os
import subprocess
import sys

import psutil
import pytest

from local import processes
from local.folder import CloudFolder

SLEEPS = "import time; print('up', flush=True); time.sleep(60)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
ORPHANS = (
    "import subprocess, sys; "
    f"subprocess.Popen([sys.executable, '-c', {SLEEPS!r}], start_new_session=True); print('up', flush=True)"
)


@pytest.fixture
def start():
    started = []

    def run(program, folder=None):
        environment = os.environ | (processes.mark(folder) if folder else {})
        process = subprocess.Popen([sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout
        assert process.stdout.readline() == "up\n"
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout
        process.stdout.close()


@pytest.fixture
def folder(tmp_path):
    folder = CloudFolder(tmp_path / "cloud")
    yield folder
    processes.end(folder)


def test_members_are_the_processes_with_the_mark_of_the_folder(start, folder, tmp_path):
    member = start(SLEEPS, folder)
    start(SLEEPS, CloudFolder(tmp_path / "another"))
    start(SLEEPS)
    assert [process.pid for process in processes.members(folder)] == [member.pid]


def test_a_recycled_pid_is_not_a_member(start, folder):
    assert not processes.is_member(start(SLEEPS).pid, folder)
    gone = start(SLEEPS, folder)
    assert processes.is_member(gone.pid, folder)
    gone.kill()
    gone.wait()
    assert not processes.is_member(gone.pid, folder)


@pytest.mark.slow
def test_end_kills_a_process_that_ignores_sigterm(start, folder):
    start(DEAF, folder)
    assert processes.end(folder, grace_seconds=0.3) == 1
    assert processes.members(folder) == []


@pytest.mark.slow
def test_end_reaches_an_orphan_in_its_own_session(start, folder):
    parent = start(ORPHANS, folder)
    parent.wait(60)
    assert len(processes.members(folder)) == 1
    processes.end(folder)
    assert processes.members(folder) == []


def test_end_without_processes_does_nothing(folder):
    assert processes.end(folder) == 0


def test_a_process_without_an_environment_yet_is_a_member_as_soon_as_it_has_one(start, folder, monkeypatch):
    """Linux: the environment of a process that has just called exec can be empty for a moment."""
    member = start(SLEEPS, folder)
    environment = psutil.Process.environ
    empty: list[dict[str, str]] = [{}, {}]
    monkeypatch.setattr(psutil.Process, "environ", lambda process: empty.pop() if empty else environment(process))
    assert processes.is_member(member.pid, folder)
    assert not empty
